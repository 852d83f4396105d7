import type { ReadonlyLabelSet } from '../label-set.js'
import type { StoreError } from '../store-error.js'

/** `pre`: before the action runs. `post`: before its result is released. */
export type Phase = 'pre' | 'post'

/** Where a label sticks: to the one session, or to the principal and so to all of its sessions. */
export type LabelScope = 'session' | 'principal'

/**
 * The ids under which labels are kept. With one of them, both scopes mean that one. With neither there is no
 * session: the store is never touched, and labels live as long as the phase.
 */
export interface SessionKeys {
  readonly session?: string
  readonly principal?: string
}

/** Why a phase was denied. */
export interface Violation {
  /** One of {@link VIOLATION_CODES}, or a code of the policy's own. */
  readonly code: string
  readonly message: string
}

/** What a policy decides. */
export type Verdict = { readonly allow: true } | { readonly allow: false; readonly violation: Violation }

/** What a policy sees and does while it decides. */
export interface PhaseContext {
  readonly phase: Phase
  /**
   * The labels of the session and its principal, those that this phase has added included. Read it anew after a
   * {@link taint}: each set it answers is immutable.
   */
  readonly labels: ReadonlyLabelSet
  /**
   * Adds a label. It is persisted whatever the policy decides afterwards, even if it throws.
   *
   * @param scope default `session`.
   * @throws {TypeError} for what is no label or no scope; the phase is then denied even if this is caught.
   * @throws {Error} once the policy has decided: the label could no longer be persisted.
   */
  readonly taint: (label: string, scope?: LabelScope) => void
}

/** One phase of one request. */
export interface PhaseInput {
  readonly phase: Phase
  readonly keys?: SessionKeys
  /** The policy. One that throws, rejects or answers no {@link Verdict} denies with `policy.failed`. */
  readonly evaluate: (context: PhaseContext) => Verdict | Promise<Verdict>
  /** Ends the wait for the labels. The append is never cancelled: a client's disconnect must not lose a label. */
  readonly signal?: AbortSignal | undefined
}

/** Whether the host may go on, what the session is known to carry, and what was added to the store. */
export type PhaseOutcome =
  | {
      readonly continue: true
      readonly labels: ReadonlyLabelSet
      /** The labels whose append was acknowledged in this phase, in the order of their taints. */
      readonly appended: readonly string[]
    }
  | {
      readonly continue: false
      readonly violation: Violation
      /** Why the store failed, if it did; it may have failed after the policy had denied. */
      readonly error?: StoreError
      /** What the policy threw, under `policy.failed`. It is not ours: log it, do not show it to a client. */
      readonly cause?: unknown
      /** Absent when they could not be loaded. */
      readonly labels?: ReadonlyLabelSet
      readonly appended: readonly string[]
    }
