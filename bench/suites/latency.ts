import { cellsAt, median, type Cell } from '../cell.js'
import { SUBJECT } from '../contestant.js'
import { judge, type Goal } from '../goal.js'
import { interleave } from '../interleave.js'
import { measureOverload } from '../latency/overload.js'
import { nodeContender } from '../node-contender.js'
import type { BenchOptions } from '../options.js'
import { emptyServers } from '../server-cpu.js'
import type { Curve, SuiteReport } from '../suite-report.js'

/** Each twice the one before, so that twice the saturating number has been measured as well. */
const CALLERS = [16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192] as const
const QUICK_CALLERS = [256, 512, 1_024, 2_048] as const

/** The share of the highest throughput at which we call a number of callers saturating. */
const SATURATED = 0.9

/** What happens to the tail past saturation, and when more is asked for than the store takes at once. */
export async function runLatency(
  url: string,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<SuiteReport> {
  const callers = options.quick ? QUICK_CALLERS : CALLERS
  const contenders = [
    nodeContender('subject', { contestant: SUBJECT, url }),
    nodeContender('peer', { contestant: 'ioredis', url }),
  ]
  const prepare = (): Promise<void> => emptyServers([Number(new URL(url).port)])
  const cells = await interleave({ contenders, callers, prepare }, options, progress)
  progress('overload')
  await prepare()
  const overload = await measureOverload(url, options.quick)
  return {
    cells,
    goals: [
      ...tailGoal(cells),
      judge('latency.overload', overload.typedShare),
      judge('latency.memory', overload.memoryRatio),
    ],
    curves: [
      curve(cells, 'throughput', 'Throughput by callers', 'operations a second', 'opsPerSecond'),
      curve(cells, 'p99', 'p99 by callers', 'µs', 'p99Micros'),
    ],
  }
}

/** @param cells - Of numbers of callers that double. Where the highest saturates, nothing is known of its double: NaN. */
export function tailGoal(cells: readonly Cell[]): Goal[] {
  const ours = cells.filter(({ role }) => role === 'subject').toSorted((a, b) => a.callers - b.callers)
  const highest = Math.max(...ours.map((cell) => median(cell, 'opsPerSecond')))
  const saturating = ours.find((cell) => median(cell, 'opsPerSecond') >= SATURATED * highest)
  if (saturating === undefined) return []
  const [twice] = cellsAt(cells, saturating.callers * 2, 'subject')
  const ratio = median(twice, 'p99Micros') / median(saturating, 'p99Micros')
  return [judge('latency.p99', ratio, `${saturating.callers} callers saturate`)]
}

function curve(
  cells: readonly Cell[],
  id: string,
  title: string,
  y: string,
  metric: 'opsPerSecond' | 'p99Micros',
): Curve {
  const names = [...new Set(cells.map(({ contestant }) => contestant))]
  const series = names.map((name) => ({
    name,
    points: cells
      .filter(({ contestant }) => contestant === name)
      .map((cell): [number, number] => [cell.callers, median(cell, metric)]),
  }))
  return { id, title, x: 'callers', y, series }
}
