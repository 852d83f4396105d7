import type { Append, Load, Operation } from '../history/operation.js'

/**
 * How a history can break the promise:
 * - `lost`: a load succeeded that began after the label was acknowledged, and lacks it
 * - `misjudged`: an append was said to have certainly not happened, and its label was seen
 * - `phantom`: a label was seen that nobody has ever added to this session
 * - `vanished`: a label that nobody was promised was seen, and not by a load that began later
 */
export type ViolationKind = 'lost' | 'misjudged' | 'phantom' | 'vanished'

/** One label of one session, gone wrong. */
export interface Violation {
  readonly kind: ViolationKind
  readonly session: string
  readonly label: string
  /** How many loads show it. */
  readonly loads: number
  /** The fewest operations that explain it, in order of their beginning. */
  readonly explanation: readonly Operation[]
}

/**
 * Judges all operations on one session: the set-full check with real-time order. Operations that overlap in time may
 * have happened in either order.
 *
 * @param forgottenAt - From here on the session may be empty: loads that ended later are not judged.
 */
export function checkSession(
  operations: readonly Operation[],
  forgottenAt: number = Number.POSITIVE_INFINITY,
): readonly Violation[] {
  const appends = operations.filter((operation) => operation.op === 'append')
  const loads = operations
    .filter((operation) => operation.op === 'load')
    .filter(({ result, t1 }) => result === 'ok' && t1 <= forgottenAt)
    .map((load) => ({ load, labels: new Set(load.labels) }))
  const attempted = new Set(appends.map(({ label }) => label))
  return [...appends.flatMap((append) => checkLabel(append, loads)), ...phantoms(attempted, loads)]
}

/** A load that succeeded. */
interface Sight {
  readonly load: Load
  readonly labels: ReadonlySet<string>
}

function checkLabel(append: Append, sights: readonly Sight[]): Violation[] {
  const { label, session, result } = append
  const loads = (which: (sight: Sight) => boolean): Load[] => sights.filter(which).map(({ load }) => load)
  const sightings = loads(({ labels }) => labels.has(label))
  const seen = earliest(sightings, ({ t1 }) => t1)
  const missingSince = (time: number): Load[] =>
    loads(({ load, labels }) => load.t0 > time && !labels.has(label))
  const violation = (kind: ViolationKind, found: readonly Load[], ...before: Operation[]): Violation[] => {
    const shown = earliest(found, ({ t0 }) => t0)
    if (shown === undefined) return []
    const explanation = [...before, shown].toSorted((a, b) => a.t0 - b.t0)
    return [{ kind, session, label, loads: found.length, explanation }]
  }
  if (result === 'fail') return violation('misjudged', sightings, append)
  const lost = result === 'ok' ? violation('lost', missingSince(append.t1), append) : []
  if (lost.length > 0 || seen === undefined) return lost
  return violation('vanished', missingSince(seen.t1), append, seen)
}

function phantoms(attempted: ReadonlySet<string>, sights: readonly Sight[]): Violation[] {
  const found = new Map<string, Load[]>()
  for (const { load } of sights) {
    for (const label of load.labels.filter((each) => !attempted.has(each))) {
      found.set(label, [...(found.get(label) ?? []), load])
    }
  }
  return Array.from(found, ([label, loads]) => {
    const explanation = [earliest(loads, ({ t0 }) => t0)].flatMap((load) => load ?? [])
    return {
      kind: 'phantom',
      session: explanation[0]?.session ?? '',
      label,
      loads: loads.length,
      explanation,
    }
  })
}

function earliest<Item>(items: readonly Item[], time: (item: Item) => number): Item | undefined {
  return items.reduce<Item | undefined>(
    (best, item) => (best === undefined || time(item) < time(best) ? item : best),
    undefined,
  )
}
