import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Megabytes by which a process grows when its ratchet learns of so many sessions. */
export async function ratchetMegabytes(url: string, sessions: number): Promise<number> {
  const script = fileURLToPath(new URL('ratchet-process.ts', import.meta.url))
  const args = ['--expose-gc', '--import', 'tsx', script, url, String(sessions)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 })
  return Number(stdout)
}
