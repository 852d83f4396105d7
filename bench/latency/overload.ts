import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What came of asking for more than the store takes at once. */
export interface Overload {
  /** Of the operations beyond the bound, those answered as overloaded, in the turn in which they were asked. */
  readonly typedShare: number
  /** Resident memory after all bursts, over that after a tenth of them. */
  readonly memoryRatio: number
}

const BURSTS = 200
/** A tenth of them have to be enough for the process to have all the memory that it needs. */
const QUICK_BURSTS = 100

/** Measures in a process of its own, whose memory is nobody else's. */
export async function measureOverload(url: string, quick: boolean): Promise<Overload> {
  const script = fileURLToPath(new URL('overload-process.ts', import.meta.url))
  const bursts = quick ? QUICK_BURSTS : BURSTS
  const args = ['--expose-gc', '--import', 'tsx', script, url, String(bursts)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 })
  return JSON.parse(stdout) as Overload
}
