import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { median, type Cell } from '../../bench/cell.js'
import { CONTESTANTS } from '../../bench/contestant.js'
import { buildRawProgram } from '../../bench/raw/raw-program.js'
import { loopAddon } from '../../scripts/build-loop.mjs'
import { bench, LIMIT_MS } from './support/bench.js'

const BOUNDS = ['harness', 'loop', 'raw']

describe('npm run bench -- --suite labels', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-bench-'))
  })
  afterEach(async () => rm(folder, { recursive: true }))

  it(
    'measures every contestant and both ceilings at every number of callers',
    async () => {
      // Built here, so that what the bench says is not about crates that have "error" in their names.
      await buildRawProgram()
      await loopAddon()
      const json = join(folder, 'labels.json')
      const { status, output, complaints } = await bench(
        '--quick',
        '--rounds',
        '1',
        '--seconds',
        '0.3',
        '--json',
        json,
      )
      expect(complaints).not.toMatch(/error/i)
      expect(status).toBe(0)

      const document = JSON.parse(await readFile(json, 'utf8')) as Document
      const expected = [1, 64, 512].flatMap((callers) =>
        [...CONTESTANTS, ...BOUNDS].map((contestant) => `${contestant}/${callers}`),
      )
      expect(document.cells.map(({ contestant, callers }) => `${contestant}/${callers}`)).toEqual(expected)
      for (const { rounds } of document.cells) expect(rounds[0]?.operations).toBeGreaterThan(0)

      // CPU time is the one speed that a busy machine does not change much; the bars themselves need a quiet one.
      for (const callers of [64, 512]) {
        const cpuOf = (contestant: string): number =>
          median(
            document.cells.find((cell) => cell.callers === callers && cell.contestant === contestant),
            'processCpuMicrosPerOp',
          )
        const peers = CONTESTANTS.slice(1).map(cpuOf)
        expect(cpuOf('indelible')).toBeLessThan(Math.min(...peers))
        expect(cpuOf('loop'), 'no socket, no server').toBeLessThan(cpuOf('indelible'))
        expect(cpuOf('harness'), 'no client at all').toBeLessThan(cpuOf('loop'))
        expect(cpuOf('raw'), 'nothing but bytes').toBeLessThan(cpuOf('indelible'))
      }

      expect(Object.keys(document.conditions.packages).toSorted()).toEqual([
        '@valkey/valkey-glide',
        'connect-redis',
        'connect-valkey',
        'express-session',
        'indelible',
        'ioredis',
        'iovalkey',
        'rate-limiter-flexible',
        'redis',
      ])
      expect(document.conditions.server).toMatch(/^(?:redis|valkey) \d+\.\d+\.\d+$/)
      expect(document.goals).toHaveLength(9)
      expect(output.match(/^(?:met|MISSED)/gm)).toHaveLength(9)
    },
    LIMIT_MS,
  )

  it('explains itself when it is used wrongly', async () => {
    const { status, output, complaints } = await bench('--only', 'redis')
    expect(complaints).toContain('--only redis: the contestants are: indelible, ioredis')
    expect(complaints).toContain('usage: npm run bench')
    expect(output).toBe('')
    expect(status).toBe(64)
  })
})

interface Document {
  readonly cells: readonly Cell[]
  readonly goals: readonly unknown[]
  readonly conditions: { readonly packages: Readonly<Record<string, string>>; readonly server: string }
}
