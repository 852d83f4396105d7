import type { ReadonlyLabelSet } from '../label-set.js'
import { MAX_LABELS_PER_CALL } from '../label.js'
import type { SessionStore } from '../session-store.js'
import type { StoreError } from '../store-error.js'
import type { SessionKeys } from './phase.js'
import { append, load } from './store-call.js'
import type { Taint } from './taints.js'

/** What became of the labels that the store did not hold. */
export interface Persisted {
  /** The labels whose append was acknowledged. */
  readonly appended: readonly string[]
  /** One error for each append that failed. */
  readonly errors: readonly StoreError[]
}

/**
 * Appends what the policy added and the store does not hold yet: nothing to add, no append, so that a server
 * that is full does not deny requests which change nothing. Never rejects.
 */
export async function persist(
  store: SessionStore,
  keys: SessionKeys,
  hydrated: ReadonlyLabelSet,
  taints: readonly Taint[],
): Promise<Persisted> {
  const missing = await withoutHeld(store, keys, hydrated, taints)
  const appends = await Promise.all(
    [...batches(keys, missing)].map(async ({ id, labels }) => ({
      labels,
      result: await append(store, id, labels),
    })),
  )
  return {
    appended: [...new Set(appends.flatMap(({ labels, result }) => (result.ok ? labels : [])))],
    errors: appends.flatMap(({ result }) => (result.ok ? [] : [result.error])),
  }
}

/**
 * The taints whose label its id does not hold. What was loaded is the union of session and principal, so a
 * principal's label found in it may be the session's alone, and would not follow the principal into its next
 * session. For such a label the principal is looked at by itself; if that fails the label is appended again,
 * which is always safe.
 */
async function withoutHeld(
  store: SessionStore,
  { session, principal }: SessionKeys,
  hydrated: ReadonlyLabelSet,
  taints: readonly Taint[],
): Promise<readonly Taint[]> {
  const missing = taints.filter(({ label }) => !hydrated.has(label))
  if (session === undefined || principal === undefined || session === principal) return missing
  const doubtful = taints.filter(({ label, scope }) => scope === 'principal' && hydrated.has(label))
  if (doubtful.length === 0) return missing
  const held = await load(store, principal)
  return [...missing, ...doubtful.filter(({ label }) => !held.ok || !held.labels.has(label))]
}

/** The labels for each id, cut to what one call may carry. */
function* batches(
  { session, principal }: SessionKeys,
  taints: readonly Taint[],
): Generator<{ readonly id: string; readonly labels: readonly string[] }> {
  const labelsOf = new Map<string, Set<string>>()
  for (const { label, scope } of taints) {
    const id = scope === 'principal' ? (principal ?? session) : (session ?? principal)
    if (id === undefined) continue // no session: the label lives as long as the phase
    const labels = labelsOf.get(id) ?? new Set()
    labelsOf.set(id, labels.add(label))
  }
  for (const [id, labels] of labelsOf) {
    const all = [...labels]
    for (let start = 0; start < all.length; start += MAX_LABELS_PER_CALL) {
      yield { id, labels: all.slice(start, start + MAX_LABELS_PER_CALL) }
    }
  }
}
