// A Node.js process of its own, for what only a process as a whole can show.

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Milliseconds from the last output to the exit. */
  readonly lingeredMs: number
}

/** Runs an ES module with `args` as its arguments; the package is imported by its name. Killed after 20 seconds. */
export async function run(
  source: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
    killSignal: 'SIGKILL',
  })
  let lastOutput = performance.now()
  child.stdout.on('data', () => (lastOutput = performance.now()))
  const ended = new Promise<Pick<Ended, 'code' | 'signal' | 'lingeredMs'>>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      resolve({ code, signal, lingeredMs: performance.now() - lastOutput }),
    )
  })
  const [stdout, stderr, how] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { ...how, stdout, stderr }
}
