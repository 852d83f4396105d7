import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const STEPS = [
  'the agent writes notes.txt',
  'it reads the customers',
  'it writes what it read to leak.txt',
  'the file is not there',
  'through A the agent reads the customers',
  'through B it writes leak-2.txt',
  'both gateways are killed',
  'after a new start it tries again',
  'the file is still not there',
  'the server is stopped',
  'get-customer-data without the server',
  'list_directory without the server',
  'write_file without the server',
  'both gateways raise the alarm',
  'the server is started again',
  'list_directory works again',
  'the session is still labelled',
  'the file was never there',
  'another session, without customer data, writes report.txt',
]

/** The demo promises to take less than a minute. */
const LIMIT_MS = 60_000

describe('the demo', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-demo-test-'))
  })
  afterEach(async () => rm(folder, { recursive: true }))

  it(
    'goes as told and leaves nothing behind',
    async () => {
      const demo = await play({ TMPDIR: folder })
      expect(demo.complaints).toBe('')
      expect(stepsOf(demo.transcript)).toEqual(STEPS)
      expect(lastLineOf(demo.transcript)).toBe('demo: ok')
      expect(demo.status).toBe(0)
      expect(await leftovers()).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    'says so when there is no server, and does not claim to have succeeded',
    async () => {
      const demo = await play({ TMPDIR: folder, INDELIBLE_TEST_SERVER: join(folder, 'no-such-server') })
      expect(stepsOf(demo.transcript)).toEqual(STEPS.slice(0, 4))
      expect(demo.transcript).toContain('Act 2 did not take place')
      expect(demo.transcript).toContain('INDELIBLE_TEST_SERVER')
      expect(lastLineOf(demo.transcript)).toBe('demo: incomplete')
      expect(demo.status).toBe(1)
      expect(await leftovers()).toEqual([])
    },
    LIMIT_MS,
  )

  it('ends its processes and removes its folders when it is interrupted', async () => {
    const demo = start({ TMPDIR: folder })
    for await (const line of createInterface({ input: demo.stdout })) if (line.includes('[ok]')) break
    const closed = once(demo, 'close')
    demo.kill('SIGTERM')
    expect(await closed).toEqual([143, null])
    expect(await leftovers()).toEqual([])
    // The tool servers end when their stdin does, which may take a moment.
    await expect.poll(() => processesNaming(folder), { timeout: 10_000 }).toEqual([])
  })

  /** Whatever the demo did not remove, apart from the cache that tsx keeps. */
  async function leftovers(): Promise<string[]> {
    return (await readdir(folder)).filter((name) => !name.startsWith('tsx-'))
  }
})

interface Performance {
  readonly status: number | null
  readonly transcript: string
  readonly complaints: string
}

function start(environment: Readonly<Record<string, string>>): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, ['--import', 'tsx', 'examples/demo/main.ts'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  })
}

async function play(environment: Readonly<Record<string, string>>): Promise<Performance> {
  const demo = start(environment)
  const closed = new Promise<number | null>((resolve, reject) => {
    demo.once('error', reject)
    demo.once('close', resolve)
  })
  const [status, transcript, complaints] = await Promise.all([closed, text(demo.stdout), text(demo.stderr)])
  return { status, transcript, complaints }
}

/** Ids of the processes with `pattern` in their command line: the demo's own have its folder there. */
async function processesNaming(pattern: string): Promise<string[]> {
  const found = await promisify(execFile)('pgrep', ['-f', pattern]).catch((error: unknown) => {
    // Status 1 says that there is none; anything else is a failure of pgrep itself.
    if ((error as { readonly code?: unknown }).code === 1) return { stdout: '' }
    throw error
  })
  return found.stdout.split('\n').filter((id) => id !== '')
}

/** The claims of the steps that held, in order. */
function stepsOf(transcript: string): string[] {
  return [...transcript.matchAll(/^ {2}\[ok\] ([^:]+):/gm)].map(([, claim]) => claim ?? '')
}

function lastLineOf(transcript: string): string | undefined {
  return transcript.trimEnd().split('\n').at(-1)
}
