import type { PhaseContext, PhaseInput, Verdict, Violation } from './phase.js'
import type { Taints } from './taints.js'
import { ALLOW, deny, POLICY_FAILED } from './violation.js'

/** A verdict, and what the policy threw if that is why it denies. */
export interface Decision {
  readonly verdict: Verdict
  readonly cause?: unknown
}

/**
 * Asks the policy. Whatever it does other than answer a verdict denies, and so does a taint that was refused,
 * even if the policy swallowed the error: the label it meant to add would be lost. Never rejects.
 */
export async function decide(
  evaluate: PhaseInput['evaluate'],
  context: PhaseContext,
  taints: Taints,
): Promise<Decision> {
  try {
    const verdict = readVerdict(await evaluate(context))
    return { verdict: taints.refused ? deny(POLICY_FAILED) : verdict }
  } catch (cause) {
    return { verdict: deny(POLICY_FAILED), cause }
  } finally {
    taints.seal()
  }
}

/** A copy of the verdict: the policy's own object may change, or be none. Allows for `allow: true` alone. */
function readVerdict(answer: unknown): Verdict {
  const { allow, violation } = answer as { readonly allow?: unknown; readonly violation?: Partial<Violation> }
  if (allow === true) return ALLOW
  const { code, message } = violation ?? {}
  if (allow === false && typeof code === 'string' && typeof message === 'string')
    return deny({ code, message })
  throw new TypeError('evaluate: expected { allow: true } or { allow: false, violation: { code, message } }')
}
