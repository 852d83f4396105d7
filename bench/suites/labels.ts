import { connect } from '../../__test__/support/resp.js'
import { CALLERS, cellOf, type Cell } from '../cell.js'
import { goalsOf, type Goal } from '../goal.js'
import type { BenchOptions } from '../options.js'
import { runRound } from '../round-process.js'
import type { RoundResult } from '../round-result.js'

export interface LabelsReport {
  readonly cells: readonly Cell[]
  /** Empty unless our store and at least one peer took part. */
  readonly goals: readonly Goal[]
}

/**
 * Runs the contestants side by side on one server: in every round each of them gets its turn at every number of
 * callers, in an order that rotates, so that a machine that slows down slows all of them.
 *
 * @param url - A server that belongs to the bench alone: it is emptied before every measurement.
 * @param progress - Called with a line for the reader before each round.
 */
export async function runLabels(
  url: string,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<LabelsReport> {
  const cells = CALLERS.flatMap((callers) =>
    options.contestants.map((contestant) => ({ contestant, callers, rounds: [] as RoundResult[] })),
  )
  for (let round = 0; round < options.rounds; round += 1) {
    progress(`round ${round + 1} of ${options.rounds}`)
    for (const callers of CALLERS) {
      const present = cells.filter((cell) => cell.callers === callers)
      for (const { contestant, rounds } of rotated(present, round)) {
        await emptyServer(url)
        const { warmUpSeconds, seconds } = options
        rounds.push(await runRound({ contestant, callers, url, warmUpSeconds, seconds }))
      }
    }
  }
  const summed = cells.map(({ contestant, callers, rounds }) => cellOf(contestant, callers, rounds))
  return { cells: summed, goals: goalsOf(summed) }
}

export function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}

export async function emptyServer(url: string): Promise<void> {
  const server = await connect(Number(new URL(url).port))
  await server.send('FLUSHALL')
  await server.close()
}
