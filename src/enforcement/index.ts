/**
 * The enforcement of labels around an action: one {@link runPhase} before it runs, one before its result is
 * released.
 */
export { runPhase } from './run-phase.js'
export { VIOLATION_CODES } from './violation.js'
export { resolveLegacySession, resolveSession } from './session-identity.js'

export type {
  LabelScope,
  Phase,
  PhaseContext,
  PhaseInput,
  PhaseOutcome,
  SessionKeys,
  Verdict,
  Violation,
} from './phase.js'
export type { IdentityView, SessionIdentity, SessionSource } from './session-identity.js'
