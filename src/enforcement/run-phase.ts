import { ReadonlyLabelSet } from '../label-set.js'
import { loaded } from '../results.js'
import type { LoadResult } from '../results.js'
import type { SessionRef } from '../session-ref.js'
import type { SessionStore } from '../session-store.js'
import { decide } from './decide.js'
import { raiseFailure } from './failure-alarm.js'
import { persist } from './persist.js'
import type { PhaseInput, PhaseOutcome, SessionKeys } from './phase.js'
import { load } from './store-call.js'
import { Taints } from './taints.js'
import { LOAD_FAILED, PERSIST_FAILED } from './violation.js'

/**
 * Runs one phase of a request: load the labels, let the policy decide, append the labels it added, and only then
 * say whether to continue. Never rejects.
 *
 * ```text
 *   keys ── none ──────────────┐  the store is not touched
 *     │                        │
 *   load ── failed ────────────┼──────────▶ deny  session.load_failed     + alarm, no policy ran
 *     │                        │
 *   evaluate ◀─────────────────┘
 *     │  allow, deny, or threw: policy.failed
 *     │  the labels it added are persisted in every case
 *   append what is new
 *     ├─ failed, was allow ───────────────▶ deny  session.persist_failed  + alarm, decision: allow
 *     ├─ failed, was deny ────────────────▶ deny  the policy's violation  + alarm, decision: deny
 *     ├─ done or nothing to do, was deny ─▶ deny  the policy's violation
 *     └─ done or nothing to do, was allow ▶ continue
 * ```
 *
 * Why this order is enough, without any lock: a result is released only after the append of its labels was
 * acknowledged. Whatever is derived from the result reaches a host later, so the load there starts after the
 * acknowledgement and contains the labels. See `docs/soundness.md`.
 */
export async function runPhase(store: SessionStore, input: PhaseInput): Promise<PhaseOutcome> {
  const { phase, keys = {} } = input
  const hydrated = await hydrate(store, input)
  if (!hydrated.ok) {
    raiseFailure(store, phase, 'none', hydrated.error)
    return { continue: false, violation: LOAD_FAILED, error: hydrated.error, appended: [] }
  }

  const taints = new Taints(hydrated.labels)
  const { verdict, cause } = await decide((context) => input.evaluate(context), taints.context(phase), taints)

  const { appended, errors } = await persist(store, keys, hydrated.labels, taints.decided)
  for (const error of errors) raiseFailure(store, phase, verdict.allow ? 'allow' : 'deny', error)

  const { labels } = taints
  const [error] = errors
  if (verdict.allow && error === undefined) return { continue: true, labels, appended }
  return {
    continue: false,
    violation: verdict.allow ? PERSIST_FAILED : verdict.violation,
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
    labels,
    appended,
  }
}

async function hydrate(store: SessionStore, { keys = {}, signal }: PhaseInput): Promise<LoadResult> {
  const session = sessionRef(keys)
  return session === undefined ? loaded(ReadonlyLabelSet.from([])) : await load(store, session, signal)
}

/** Both ids in one load, so that they are read together. */
function sessionRef({ session, principal }: SessionKeys): SessionRef | undefined {
  if (session === undefined || principal === undefined) return session ?? principal
  return session === principal ? session : [session, principal]
}
