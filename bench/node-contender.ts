import type { Contender, Role } from './contender.js'
import { runRound } from './round-process.js'
import type { RoundSpec } from './round-result.js'

/** Where a contestant's rounds run, as far as it differs from the bench's own process. */
export interface NodeContenderOptions {
  /** What the report calls it. Default: the name of its file. */
  readonly name?: string
  readonly env?: NodeJS.ProcessEnv
  /** Another Node.js. */
  readonly node?: string | undefined
}

/** A contestant whose every round runs in a fresh Node.js process. */
export function nodeContender(
  role: Role,
  spec: Omit<RoundSpec, 'callers' | 'warmUpSeconds' | 'seconds'>,
  { name = spec.contestant, env, node }: NodeContenderOptions = {},
): Contender {
  return {
    name,
    role,
    measure: (callers, { warmUpSeconds, seconds }) =>
      runRound({ ...spec, callers, warmUpSeconds, seconds }, env, node),
  }
}
