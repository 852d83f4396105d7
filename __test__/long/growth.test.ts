// Ten million operations, as many failures and ten thousand stores leave nothing behind: "flat" is RSS after N <= 1.1 x
// RSS after N/10.

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { ownServer } from '../support/servers.js'
import { LIMIT_MS, SCALE } from './support/scale.js'

const server = ownServer()

const PROGRAM = fileURLToPath(new URL('support/growth-process.mjs', import.meta.url))

/** What the program prints. */
interface Holdings {
  readonly rss: number
  readonly threads: number
  readonly files: number
  readonly resources: number
}

test.each([
  ['operations', 10_000_000 * SCALE],
  ['cycles', 10_000 * SCALE],
  ['failures', 10_000_000 * SCALE],
])(
  '%s: %i of them',
  async (work, total) => {
    // A small young generation: what V8 keeps of a large one is no growth of ours.
    const flags = ['--expose-gc', '--max-semi-space-size=2']
    const child = spawn(process.execPath, [...flags, PROGRAM, server().url, work, String(total)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    })
    const report = JSON.parse(await text(child.stdout)) as Record<'before' | 'early' | 'late', Holdings>
    const { before, early, late } = report
    expect(late.rss / early.rss).toBeLessThanOrEqual(1.1)
    expect(late.threads).toBeLessThanOrEqual(before.threads)
    expect(late.files).toBeLessThanOrEqual(before.files)
    expect(late.resources).toBeLessThanOrEqual(before.resources)
  },
  LIMIT_MS,
)
