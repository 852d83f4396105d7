import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { RoundResult, RoundSpec } from './round-result.js'

const ROUND = fileURLToPath(new URL('round.ts', import.meta.url))

/** Start-up, seeding and shutdown may take this long on top of the window and the warm-up. */
const GRACE_SECONDS = 30

/**
 * Runs one round in a fresh Node process.
 *
 * @param env - Added to the environment.
 * @param node - The executable.
 * @throws When the process fails or does not end in time; the message carries what it wrote to stderr.
 */
export async function runRound(
  spec: RoundSpec,
  env: NodeJS.ProcessEnv = {},
  node: string = process.execPath,
): Promise<RoundResult> {
  const child = spawn(node, ['--import', 'tsx', ROUND, JSON.stringify(spec)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: (spec.warmUpSeconds + spec.seconds + GRACE_SECONDS) * 1_000,
    killSignal: 'SIGKILL',
  })
  const exited = new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(signal ?? `status ${code}`))
  })
  const [end, output, complaint] = await Promise.all([exited, text(child.stdout), text(child.stderr)])
  if (end !== 'status 0') {
    throw new Error(`${spec.contestant} with ${spec.callers} callers ended with ${end}: ${complaint.trim()}`)
  }
  return JSON.parse(output) as RoundResult
}
