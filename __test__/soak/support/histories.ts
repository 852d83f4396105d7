// Histories made by hand, and by a set that does everything right.

import type { Append, Load, Operation } from '../../../soak/history/operation.js'
import type { Random } from '../../../soak/random.js'

const SESSION = 's'

/** An append of `label` from `t0` to `t1`. */
export function append(label: string, t0: number, t1: number, result: Append['result'] = 'ok'): Append {
  return { op: 'append', process: 0, session: SESSION, label, t0, t1, result }
}

/** A load from `t0` to `t1` that saw `labels`, or failed. */
export function load(labels: readonly string[] | 'fail', t0: number, t1: number): Load {
  const seen = labels === 'fail' ? [] : labels
  return {
    op: 'load',
    process: 1,
    session: SESSION,
    labels: seen,
    t0,
    t1,
    result: labels === 'fail' ? 'fail' : 'ok',
  }
}

/** When an operation really happened; never, for an append that did not. */
export type Happened<Kind extends Operation> = Kind & { readonly at: number | undefined }

/** A history in which every operation takes effect at one moment between its beginning and its end. */
export interface SoundHistory {
  readonly appends: readonly Happened<Append>[]
  readonly loads: readonly Happened<Load>[]
}

/** A history of overlapping operations on a set that loses nothing; unknown appends may happen late, or never. */
export function soundHistory(random: Random): SoundHistory {
  const appends = Array.from({ length: 1 + random.below(20) }, (_, n) => {
    const [t0, length] = [random.between(0, 100), random.between(0, 10)]
    const result = random.pick(['ok', 'ok', 'ok', 'fail', 'unknown'] as const)
    const latest = result === 'unknown' ? 100 : t0 + length
    const happens = result === 'ok' || (result === 'unknown' && random.chance(0.5))
    const at = happens ? random.between(t0, latest) : undefined
    return { ...append(`0-${n}`, t0, t0 + length, result), at }
  })
  const loads = Array.from({ length: 1 + random.below(30) }, () => {
    const [t0, length] = [random.between(0, 110), random.between(0, 10)]
    const at = random.between(t0, t0 + length)
    const seen = appends.filter((each) => each.at !== undefined && each.at <= at).map(({ label }) => label)
    return { ...load(random.chance(0.1) ? 'fail' : seen, t0, t0 + length), at }
  })
  return { appends, loads }
}
