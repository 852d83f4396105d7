import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'

const BENCH = import.meta.dirname

/**
 * Installs the clients that we are measured against, unless they are there already. They have a lock file of their
 * own, so that nobody who works on the product has to install four clients of other people.
 *
 * @throws When npm fails; its own output says why.
 */
export async function installPeers(): Promise<void> {
  // npm writes this file last, so it is newer than the lock file exactly when the folder is complete.
  const installed = await modifiedAt(join(BENCH, 'node_modules', '.package-lock.json'))
  if (installed > (await modifiedAt(join(BENCH, 'package-lock.json')))) return
  const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: BENCH,
    // stdout belongs to the report
    stdio: ['ignore', process.stderr, process.stderr],
  })
  const [status] = (await once(npm, 'close')) as [number | null]
  if (status !== 0) throw new Error(`npm ci in ${BENCH} failed`)
}

/** Milliseconds since the epoch; 0 for a file that is not there. */
async function modifiedAt(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  return found?.mtimeMs ?? 0
}
