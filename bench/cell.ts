import type { Role } from './contender.js'
import { METRICS, type Metric, type RoundResult } from './round-result.js'
import { spread, type Spread } from './statistics.js'

/** The rounds of one contender at one number of callers. */
export interface Cell {
  readonly contestant: string
  readonly role: Role
  /** Operations that are awaited at the same time, each by a caller of its own. */
  readonly callers: number
  readonly rounds: readonly RoundResult[]
  /** Null where no round could measure the quantity. */
  readonly summary: Readonly<Record<Metric, Spread | null>>
}

/** @param rounds - At least one. */
export function cellOf(
  contestant: string,
  role: Role,
  callers: number,
  rounds: readonly RoundResult[],
): Cell {
  const over = (metric: Metric): Spread | null => {
    const values = rounds.map((round) => round[metric]).filter((value) => value !== null)
    return values.length === 0 ? null : spread(values)
  }
  const summary = Object.fromEntries(METRICS.map((metric) => [metric, over(metric)]))
  return { contestant, role, callers, rounds, summary: summary as Cell['summary'] }
}

/** NaN where nothing was measured. */
export function median(cell: Cell | undefined, metric: Metric): number {
  return cell?.summary[metric]?.median ?? Number.NaN
}

/** The cells of a role at a number of callers. */
export function cellsAt(cells: readonly Cell[], callers: number, role: Role): Cell[] {
  return cells.filter((cell) => cell.callers === callers && cell.role === role)
}

/** The ceiling that is reached first, among those that have as many operations outstanding as there are callers. */
export function lowerCeiling(cells: readonly Cell[], callers: number): Cell | undefined {
  const ceilings = cellsAt(cells, callers, 'ceiling').filter(({ contestant }) => !contestant.includes(','))
  return best(ceilings, 'opsPerSecond', 'least')
}

/** Of these, the cell with the most or the least of a quantity. */
export function best(cells: readonly Cell[], metric: Metric, wanted: 'most' | 'least'): Cell | undefined {
  const ascending = cells.toSorted((one, other) => median(one, metric) - median(other, metric))
  return wanted === 'least' ? ascending[0] : ascending.at(-1)
}
