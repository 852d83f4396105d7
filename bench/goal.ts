import type { Cell } from './cell.js'
import { SUBJECT } from './contestant.js'
import type { Metric } from './round-result.js'

/** A promise about our store relative to the best peer, judged on medians. */
export interface Goal {
  readonly callers: number
  readonly metric: Metric
  /** The peer that ours was compared with. */
  readonly peer: string
  /** Ours divided by the peer's. */
  readonly ratio: number
  readonly limit: number
  /** `min`: the ratio must reach the limit. `max`: it must not exceed it. */
  readonly bound: 'min' | 'max'
  readonly met: boolean
}

interface Promised {
  readonly callers: number
  readonly metric: Metric
  readonly limit: number
  readonly bound: 'min' | 'max'
  /** The quantity by which the best peer is chosen. */
  readonly bestBy: 'opsPerSecond' | 'p50Micros'
}

const PROMISED: readonly Promised[] = [
  { callers: 64, metric: 'opsPerSecond', limit: 3, bound: 'min', bestBy: 'opsPerSecond' },
  { callers: 64, metric: 'loopMicrosPerOp', limit: 1 / 8, bound: 'max', bestBy: 'opsPerSecond' },
  { callers: 512, metric: 'opsPerSecond', limit: 3.5, bound: 'min', bestBy: 'opsPerSecond' },
  { callers: 512, metric: 'loopMicrosPerOp', limit: 1 / 8, bound: 'max', bestBy: 'opsPerSecond' },
  { callers: 1, metric: 'p50Micros', limit: 1.1, bound: 'max', bestBy: 'p50Micros' },
]

/** @returns One goal for each promise; none when our store or every peer was left out. */
export function goalsOf(cells: readonly Cell[]): Goal[] {
  return PROMISED.flatMap(({ callers, metric, limit, bound, bestBy }) => {
    const present = cells.filter((cell) => cell.callers === callers)
    const ours = present.find((cell) => cell.contestant === SUBJECT)
    const best = bestOf(
      present.filter((cell) => cell !== ours),
      bestBy,
    )
    if (ours === undefined || best === undefined) return []
    const ratio = median(ours, metric) / median(best, metric)
    const met = bound === 'min' ? ratio >= limit : ratio <= limit
    return [{ callers, metric, peer: best.contestant, ratio, limit, bound, met }]
  })
}

function bestOf(peers: readonly Cell[], by: Promised['bestBy']): Cell | undefined {
  const ascending = peers.toSorted((a, b) => median(a, by) - median(b, by))
  return by === 'p50Micros' ? ascending[0] : ascending.at(-1)
}

/** NaN, which meets no goal, where nothing was measured. */
function median(cell: Cell, metric: Metric): number {
  return cell.summary[metric]?.median ?? Number.NaN
}
