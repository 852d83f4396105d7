import { BARS, enforcedLimit, type Bar } from './bars.js'

/** What nobody can pass: what a ceiling itself would come to against the same bar. */
export interface Bound {
  readonly value: number
  /** Which ceiling. */
  readonly name: string
}

/** How a run did against a bar. */
export interface Goal extends Bar {
  /** What was measured, in the unit of the bar. */
  readonly value: number
  /** What ours was compared with; empty where the bar names it. */
  readonly against: string
  /** Where a ceiling was measured beside it. */
  readonly ceiling?: Bound
  readonly met: boolean
  /** Not worse than CI allows. */
  readonly tolerable: boolean
}

/** Whether even the ceiling misses the bar, so that nothing could reach it on that machine. */
export function isOutOfReach({ bound, limit, ceiling }: Goal): boolean {
  if (ceiling === undefined) return false
  return bound === 'min' ? ceiling.value < limit : ceiling.value > limit
}

/**
 * Judges a value by its bar. NaN, which stands for what was not measured, meets nothing.
 *
 * @throws When there is no such bar.
 */
export function judge(id: string, value: number, against = '', ceiling?: Bound): Goal {
  const bar = BARS.find((candidate) => candidate.id === id)
  if (bar === undefined) throw new RangeError(`there is no bar ${id}`)
  const within = (limit: number): boolean => (bar.bound === 'min' ? value >= limit : value <= limit)
  const enforced = enforcedLimit(bar)
  return {
    ...bar,
    value,
    against,
    ...(ceiling === undefined ? {} : { ceiling }),
    met: within(bar.limit),
    tolerable: enforced === undefined || within(enforced),
  }
}
