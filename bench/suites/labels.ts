import { connect } from '../../__test__/support/resp.js'
import { goalsOf, type Goal } from '../goal.js'
import type { BenchOptions } from '../options.js'
import type { Metric, RoundResult } from '../round-result.js'
import { runRound } from '../round-process.js'
import { spread, type Spread } from '../statistics.js'

/** Operations that are awaited at the same time, each by a caller of its own. */
export const CALLERS = [1, 64, 512] as const

/** The rounds of one contestant at one number of callers. */
export interface Cell {
  readonly contestant: string
  readonly callers: number
  readonly rounds: readonly RoundResult[]
  readonly summary: Readonly<Record<Metric, Spread | null>>
}

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
  const results = new Map<string, RoundResult[]>()
  for (let round = 0; round < options.rounds; round += 1) {
    progress(`round ${round + 1} of ${options.rounds}`)
    for (const callers of CALLERS) {
      for (const contestant of rotated(options.contestants, round)) {
        await emptyServer(url)
        const { warmUpSeconds, seconds } = options
        const result = await runRound({ contestant, callers, url, warmUpSeconds, seconds })
        const name = cellName(contestant, callers)
        results.set(name, [...(results.get(name) ?? []), result])
      }
    }
  }
  const cells = CALLERS.flatMap((callers) =>
    options.contestants.map((contestant) => cell(contestant, callers, results.get(cellName(contestant, callers))!)),
  )
  return { cells, goals: goalsOf(cells) }
}

function cellName(contestant: string, callers: number): string {
  return `${contestant}/${callers}`
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}

function cell(contestant: string, callers: number, rounds: readonly RoundResult[]): Cell {
  const over = (metric: Metric): Spread | null => {
    const values = rounds.map((round) => round[metric]).filter((value) => value !== null)
    return values.length === 0 ? null : spread(values)
  }
  return {
    contestant,
    callers,
    rounds,
    summary: {
      operations: over('operations'),
      opsPerSecond: over('opsPerSecond'),
      p50Micros: over('p50Micros'),
      p99Micros: over('p99Micros'),
      p999Micros: over('p999Micros'),
      loopMicrosPerOp: over('loopMicrosPerOp'),
      mainThreadCpuMicrosPerOp: over('mainThreadCpuMicrosPerOp'),
      processCpuMicrosPerOp: over('processCpuMicrosPerOp'),
      serverCpuMicrosPerOp: over('serverCpuMicrosPerOp'),
    },
  }
}

async function emptyServer(url: string): Promise<void> {
  const server = await connect(Number(new URL(url).port))
  await server.send('FLUSHALL')
  await server.close()
}
