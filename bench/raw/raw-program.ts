import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT, command } from '../../scripts/command.mjs'

/** What the program prints. */
export interface RawMeasured {
  readonly operations: number
  readonly seconds: number
  readonly p50Micros: number
  readonly p99Micros: number
  readonly p999Micros: number
  readonly cpuMicros: number
}

/** What to put on the wire: operations outstanding, and the batches that these are cut into. */
export interface RawLoad {
  readonly outstanding: number
  readonly batches: number
}

/** Builds `raw-ceiling` where that is needed. */
export async function buildRawProgram(): Promise<void> {
  await command('cargo', ['build', '--quiet', '--release', '--package', 'indelible-bench'])
}

/**
 * Runs the program once.
 *
 * @param address - `host:port`
 * @param file - A recording.
 */
export async function runRawProgram(
  address: string,
  file: string,
  { outstanding, batches }: RawLoad,
  { warmUpSeconds, seconds }: { readonly warmUpSeconds: number; readonly seconds: number },
): Promise<RawMeasured> {
  const target = process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target')
  const program = join(target, 'release', 'raw-ceiling')
  const args = [address, file, outstanding, batches, warmUpSeconds, seconds].map(String)
  const { stdout } = await promisify(execFile)(program, args, {
    timeout: Math.ceil((warmUpSeconds + seconds + 30) * 1_000),
  })
  return JSON.parse(stdout) as RawMeasured
}
