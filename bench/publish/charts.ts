import { barChart } from '../charts/bar-chart.js'
import { lineChart } from '../charts/line-chart.js'
import { callersText } from '../report/text.js'
import type { Metric } from '../round-result.js'
import type { Suite } from '../suite.js'
import type { PublishedResult } from './results.js'

interface BarCharts {
  readonly metric: Metric
  readonly name: string
  readonly title: string
  /** Whether the chart is worth its place at this number of callers. */
  readonly at: (callers: number) => boolean
}

const many = (callers: number): boolean => callers > 1

const THROUGHPUT: BarCharts = {
  metric: 'opsPerSecond',
  name: 'throughput',
  title: 'Operations a second',
  at: many,
}
const LATENCY: BarCharts = {
  metric: 'p50Micros',
  name: 'p50',
  title: 'Median round trip, µs',
  at: (callers) => !many(callers),
}

const BAR_CHARTS: Partial<Record<Suite, readonly BarCharts[]>> = {
  labels: [
    THROUGHPUT,
    { metric: 'loopMicrosPerOp', name: 'event-loop', title: 'Event-loop time an operation, µs', at: many },
    LATENCY,
  ],
  tls: [THROUGHPUT, LATENCY],
  storage: [THROUGHPUT],
  topology: [THROUGHPUT],
  gateway: [
    { metric: 'processCpuMicrosPerOp', name: 'cpu', title: 'CPU time a request, µs', at: () => true },
  ],
}

/** The charts of a result: each file's path below `docs/`, and its text. */
export function chartsOf({ suite, cells, curves = [] }: PublishedResult): [path: string, svg: string][] {
  const callers = [...new Set(cells.map((cell) => cell.callers))]
  const bars = (BAR_CHARTS[suite] ?? []).flatMap(({ metric, name, title, at }) =>
    callers.filter(at).map((count): [string, string] => {
      const present = cells.filter((cell) => cell.callers === count)
      return [path(`${suite}-${count}-${name}`), barChart(`${title}, ${callersText(count)}`, present, metric)]
    }),
  )
  return [
    ...bars,
    ...curves.map((curve): [string, string] => [path(`${suite}-${curve.id}`), lineChart(curve)]),
  ]
}

function path(name: string): string {
  return `charts/${name}.svg`
}
