/** The middle of several rounds, and how far they lay apart. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @param values - At least one number. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)]
  const lower = sorted[Math.ceil(middle) - 1]
  if (upper === undefined || lower === undefined) throw new RangeError('a spread needs at least one value')
  return { median: (lower + upper) / 2, min: sorted[0]!, max: sorted.at(-1)! }
}
