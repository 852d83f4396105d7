import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

import type { RoundResult } from '../../../bench/round-result.js'

/** Many processes of about a second, and the first time an installation of the peers and a build. */
export const LIMIT_MS = 300_000

/** Runs the bench with the addon that the tests use. */
export async function bench(
  ...args: readonly string[]
): Promise<{ status: number; output: string; complaints: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  })
  const [[status], output, complaints] = await Promise.all([
    once(child, 'close') as Promise<[number]>,
    text(child.stdout),
    text(child.stderr),
  ])
  return { status, output, complaints }
}

/** A round in which everything came to 1, but for what is given. */
export function round(result: Partial<RoundResult> = {}): RoundResult {
  return {
    operations: 1,
    opsPerSecond: 1,
    p50Micros: 1,
    p99Micros: 1,
    p999Micros: 1,
    loopMicrosPerOp: 1,
    mainThreadCpuMicrosPerOp: 1,
    processCpuMicrosPerOp: 1,
    serverCpuMicrosPerOp: 1,
    megabytes: 1,
    ...result,
  }
}
