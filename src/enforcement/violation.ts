import type { Verdict, Violation } from './phase.js'

/** The codes of the violations that are not a policy's own. */
export const VIOLATION_CODES = {
  /** The labels could not be loaded; no policy ran. */
  loadFailed: 'session.load_failed',
  /** The policy allowed, but the labels it added are not certainly stored. */
  persistFailed: 'session.persist_failed',
  /** The policy threw, rejected, added what is no label, or gave no verdict. */
  policyFailed: 'policy.failed',
} as const

export const LOAD_FAILED: Violation = Object.freeze({
  code: VIOLATION_CODES.loadFailed,
  message: 'The security labels of the session could not be loaded.',
})

export const PERSIST_FAILED: Violation = Object.freeze({
  code: VIOLATION_CODES.persistFailed,
  message: 'The security labels of the session could not be stored.',
})

export const POLICY_FAILED: Violation = Object.freeze({
  code: VIOLATION_CODES.policyFailed,
  message: 'The policy could not be evaluated.',
})

export const ALLOW: Verdict = Object.freeze({ allow: true })

/** The verdict that denies with this violation. */
export function deny(violation: Violation): Verdict {
  return Object.freeze({ allow: false, violation })
}
