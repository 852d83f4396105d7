import { BARS, enforcedLimit, type Bar } from './bars.js'

/** How a run did against a bar. */
export interface Goal extends Bar {
  /** What was measured, in the unit of the bar. */
  readonly value: number
  /** What ours was compared with; empty where the bar names it. */
  readonly against: string
  readonly met: boolean
  /** Not worse than CI allows. */
  readonly tolerable: boolean
}

/**
 * Judges a value by its bar. NaN, which stands for what was not measured, meets nothing.
 *
 * @throws When there is no such bar.
 */
export function judge(id: string, value: number, against = ''): Goal {
  const bar = BARS.find((candidate) => candidate.id === id)
  if (bar === undefined) throw new RangeError(`there is no bar ${id}`)
  const within = (limit: number): boolean => (bar.bound === 'min' ? value >= limit : value <= limit)
  const enforced = enforcedLimit(bar)
  return {
    ...bar,
    value,
    against,
    met: within(bar.limit),
    tolerable: enforced === undefined || within(enforced),
  }
}
