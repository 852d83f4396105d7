import type { Bar } from '../bars.js'
import type { Metric } from '../round-result.js'

/** A column of the tables, beside that of the throughput. */
export interface Column {
  readonly title: string
  readonly metric: Metric
  readonly digits: number
}

export const COLUMNS: readonly Column[] = [
  { title: 'p50 µs', metric: 'p50Micros', digits: 0 },
  { title: 'p99 µs', metric: 'p99Micros', digits: 0 },
  { title: 'p99.9 µs', metric: 'p999Micros', digits: 0 },
  { title: 'loop µs/op', metric: 'loopMicrosPerOp', digits: 2 },
  { title: 'JS CPU µs/op', metric: 'mainThreadCpuMicrosPerOp', digits: 2 },
  { title: 'CPU µs/op', metric: 'processCpuMicrosPerOp', digits: 2 },
  { title: 'server µs/op', metric: 'serverCpuMicrosPerOp', digits: 2 },
  { title: 'MB', metric: 'megabytes', digits: 0 },
]

/** `3.20x`, `1/8.0` for a ratio that is small because smaller is better, or a number with its unit. */
export function quantityText(value: number, unit: Bar['unit']): string {
  if (unit !== 'x') return `${Number(value.toPrecision(3))} ${unit}`
  return value < 0.5 ? `1/${(1 / value).toFixed(1)}` : `${value.toFixed(2)}x`
}
