import { BARS, enforcedLimit, type Bar } from './bars.js'

/** What a ceiling itself came to against the same bar. */
export interface CeilingValue {
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
  readonly ceiling?: CeilingValue
  readonly met: boolean
  /** Not worse than CI allows. */
  readonly tolerable: boolean
}

/**
 * Judges a value by its bar. NaN, which stands for what was not measured, meets nothing.
 *
 * @throws When there is no such bar.
 */
export function judge(id: string, value: number, against = '', ceiling?: CeilingValue): Goal {
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
