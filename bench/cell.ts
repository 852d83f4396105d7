import type { Metric, RoundResult } from './round-result.js'
import { spread, type Spread } from './statistics.js'

/** Operations that are awaited at the same time, each by a caller of its own. */
export const CALLERS = [1, 64, 512] as const

/** The rounds of one contestant at one number of callers. */
export interface Cell {
  readonly contestant: string
  readonly callers: number
  readonly rounds: readonly RoundResult[]
  /** Null where no round could measure the quantity. */
  readonly summary: Readonly<Record<Metric, Spread | null>>
}

/** @param rounds - At least one. */
export function cellOf(contestant: string, callers: number, rounds: readonly RoundResult[]): Cell {
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
