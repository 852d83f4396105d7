import type { Cell } from '../cell.js'
import type { Goal } from '../goal.js'
import type { Spread } from '../statistics.js'
import type { Curve, Fact, SuiteReport } from '../suite-report.js'
import { COLUMNS, quantityText } from './columns.js'

/** The report as text: ratios first, then a table for each number of callers. Medians; ranges in parentheses. */
export function reportText({ cells, goals, curves = [], facts = [] }: SuiteReport): string {
  const callers = [...new Set(cells.map((cell) => cell.callers))]
  const tables = callers.map((count) =>
    tableText(
      count,
      cells.filter((cell) => cell.callers === count),
    ),
  )
  const parts = [goals.map(goalText).join('\n'), ...tables, factsText(facts), ...curves.map(curveText)]
  return parts.filter((part) => part !== '').join('\n\n')
}

function goalText(goal: Goal): string {
  const { met, id, says, value, limit, unit, bound, against, ceiling } = goal
  const promise = `${bound === 'min' ? 'at least' : 'at most'} ${quantityText(limit, unit)}`
  const peer = against === '' ? '' : `: ${against}`
  const itself = ceiling === undefined ? '' : `; ${ceiling.name} itself: ${quantityText(ceiling.value, unit)}`
  return `${met ? 'met   ' : 'MISSED'} ${id}: ${quantityText(value, unit)} (${promise}) ${says}${peer}${itself}`
}

export function callersText(callers: number): string {
  return callers === 1 ? '1 caller' : `${callers} callers`
}

function tableText(callers: number, cells: readonly Cell[]): string {
  const header = [callersText(callers), 'ops/s', ...COLUMNS.map(({ title }) => title)]
  const rows = cells.map(({ contestant, summary }) => [
    contestant,
    throughputText(summary.opsPerSecond),
    ...COLUMNS.map(({ metric, digits }) => summary[metric]?.median.toFixed(digits) ?? '-'),
  ])
  return alignedText([header, ...rows])
}

function throughputText(value: Spread | null): string {
  if (value === null) return '-'
  const thousands = (operations: number): string => (operations / 1_000).toFixed(1)
  return `${thousands(value.median)} k (${thousands(value.min)}-${thousands(value.max)})`
}

function factsText(facts: readonly Fact[]): string {
  return alignedText(
    facts.map(({ what, who, value, unit }) => [what, who, `${Number(value.toPrecision(3))} ${unit}`]),
  )
}

function curveText({ title, x, y, series }: Curve): string {
  const rows = series.map(({ name, points }) => [
    name,
    ...points.map(([at, value]) => `${at}: ${Number(value.toPrecision(3))}`),
  ])
  return `${title} (${y}, by ${x})\n${rows.map((row) => row.join('  ')).join('\n')}`
}

/** Rows as lines, their columns aligned: the first to the left, the others to the right. */
function alignedText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const aligned = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(aligned).join('  ')).join('\n')
}
