import { CALLERS, type Cell } from './cell.js'
import type { Goal } from './goal.js'
import type { Metric } from './round-result.js'
import type { Spread } from './statistics.js'
import type { LabelsReport } from './suites/labels.js'

interface Column {
  readonly title: string
  readonly metric: Metric
  readonly digits: number
}

const COLUMNS: readonly Column[] = [
  { title: 'p50 µs', metric: 'p50Micros', digits: 0 },
  { title: 'p99 µs', metric: 'p99Micros', digits: 0 },
  { title: 'p99.9 µs', metric: 'p999Micros', digits: 0 },
  { title: 'loop µs/op', metric: 'loopMicrosPerOp', digits: 1 },
  { title: 'JS CPU µs/op', metric: 'mainThreadCpuMicrosPerOp', digits: 1 },
  { title: 'CPU µs/op', metric: 'processCpuMicrosPerOp', digits: 1 },
  { title: 'server µs/op', metric: 'serverCpuMicrosPerOp', digits: 1 },
]

const PROMISES: Partial<Record<Metric, string>> = {
  opsPerSecond: 'throughput',
  loopMicrosPerOp: 'event loop time an operation',
  p50Micros: 'p50',
}

/** The report as text: ratios first, then a table for each number of callers. Medians; ranges in parentheses. */
export function reportText({ cells, goals }: LabelsReport): string {
  const tables = CALLERS.map((callers) =>
    tableText(
      callers,
      cells.filter((cell) => cell.callers === callers),
    ),
  )
  return [goals.map(goalText).join('\n'), ...tables].filter((part) => part !== '').join('\n\n')
}

function goalText({ callers, metric, peer, ratio, limit, bound, met }: Goal): string {
  const verdict = met ? 'met   ' : 'MISSED'
  const promise = `${bound === 'min' ? 'at least' : 'at most'} ${factor(limit)}`
  return `${verdict} ${callersText(callers)}: ${PROMISES[metric] ?? metric} ${factor(ratio)} that of ${peer} (${promise})`
}

function callersText(callers: number): string {
  return callers === 1 ? '1 caller' : `${callers} callers`
}

/** `3.2x`, or `1/8.0` for what is small because smaller is better. */
function factor(ratio: number): string {
  return ratio < 0.5 ? `1/${(1 / ratio).toFixed(1)}` : `${ratio.toFixed(2)}x`
}

/** Nothing when there is nothing to show. */
function tableText(callers: number, cells: readonly Cell[]): string {
  if (cells.length === 0) return ''
  const header = [callersText(callers), 'ops/s', ...COLUMNS.map(({ title }) => title)]
  const rows = cells.map(({ contestant, summary }) => [
    contestant,
    throughputText(summary.opsPerSecond),
    ...COLUMNS.map(({ metric, digits }) => summary[metric]?.median.toFixed(digits) ?? '-'),
  ])
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  return [header, ...rows].map((row) => lineText(row, widths)).join('\n')
}

function throughputText(value: Spread | null): string {
  if (value === null) return '-'
  const thousands = (operations: number): string => (operations / 1_000).toFixed(1)
  return `${thousands(value.median)} k (${thousands(value.min)}-${thousands(value.max)})`
}

function lineText(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
    .join('  ')
}
