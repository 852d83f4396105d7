import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import type { CallOutcome } from '../../examples/demo/agent.js'
import {
  expectAnswered,
  expectFile,
  expectNoFile,
  expectRefused,
  expectUnavailable,
  UnexpectedError,
} from '../../examples/demo/expectation.js'
import { Transcript } from '../../examples/demo/transcript.js'

const POLICY = 'This session has read customer data, so it may not write files.'

const ANSWERED: CallOutcome = { kind: 'answered', text: POLICY }
const REFUSED: CallOutcome = { kind: 'refused', text: POLICY }
const FAILED_TOOL: CallOutcome = { kind: 'refused', text: 'EACCES: permission denied' }
const UNAVAILABLE: CallOutcome = { kind: 'unavailable', code: 503, reason: 'session.load_failed' }
const OTHER_ERROR: CallOutcome = { kind: 'unavailable', code: -32_602, reason: 'unknown tool' }

const EVERY_OUTCOME = { ANSWERED, REFUSED, FAILED_TOOL, UNAVAILABLE, OTHER_ERROR }

describe('an expectation of the demo', () => {
  it.each([
    { expectation: expectAnswered, holds: ['ANSWERED'] },
    { expectation: expectRefused, holds: ['REFUSED'] },
    { expectation: expectUnavailable, holds: ['UNAVAILABLE'] },
  ])('$expectation.name holds for nothing but $holds', ({ expectation, holds }) => {
    const held = Object.entries(EVERY_OUTCOME).filter(([, outcome]) => {
      try {
        return expectation(outcome) !== ''
      } catch (error) {
        expect(error).toBeInstanceOf(UnexpectedError)
        return false
      }
    })
    expect(held.map(([name]) => name)).toEqual(holds)
  })

  it('looks at the disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-expectation-'))
    const file = join(folder, 'file.txt')
    expect(expectNoFile(file)).toBe('no file.txt on disk')
    await expect(expectFile(file, 'text')).rejects.toThrow('ENOENT')

    await writeFile(file, 'text')
    expect(() => expectNoFile(file)).toThrow(UnexpectedError)
    await expect(expectFile(file, 'other')).rejects.toThrow(UnexpectedError)
    expect(await expectFile(file, 'text')).toBe('4 bytes on disk')
    await rm(folder, { recursive: true })
  })
})

describe('the transcript', () => {
  it('shows what failed and lets the failure through', async () => {
    const lines: string[] = []
    const transcript = new Transcript((line) => lines.push(line))
    await transcript.step('this works', () => 'seen')
    const failing = transcript.step('this does not', () => Promise.reject(new UnexpectedError('other')))
    await expect(failing).rejects.toThrow('other')
    transcript.end('failed')
    expect(lines).toEqual(['  [ok] this works: seen', '  [FAILED] this does not', '\ndemo: failed'])
  })
})
