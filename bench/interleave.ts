import { cellOf, type Cell } from './cell.js'
import type { Contender } from './contender.js'
import type { BenchOptions } from './options.js'
import type { RoundResult } from './round-result.js'

/** What is measured side by side. */
export interface Heats {
  readonly contenders: readonly Contender[]
  readonly callers: readonly number[]
  /** Leads the progress lines, where a suite has several parts. */
  readonly title?: string
  /** Run before every measurement: empties the server. */
  readonly prepare: () => Promise<void>
}

/**
 * In every round each contender gets its turn at every number of callers, in an order that rotates, so that a machine
 * that slows down slows all of them.
 */
export async function interleave(
  { contenders, callers, title, prepare }: Heats,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<Cell[]> {
  const cells = callers.flatMap((count) =>
    contenders.map((contender) => ({ contender, callers: count, rounds: [] as RoundResult[] })),
  )
  for (let round = 0; round < options.rounds; round += 1) {
    progress(`${title === undefined ? '' : `${title}, `}round ${round + 1} of ${options.rounds}`)
    for (const count of callers) {
      const present = cells.filter((cell) => cell.callers === count)
      for (const { contender, rounds } of rotated(present, round)) {
        await prepare()
        rounds.push(await contender.measure(count, options))
      }
    }
  }
  return cells.map(({ contender, callers: count, rounds }) =>
    cellOf(contender.name, contender.role, count, rounds),
  )
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
