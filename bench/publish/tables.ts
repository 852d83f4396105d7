import { BARS, enforcedLimit, suiteOf, type Bar } from '../bars.js'
import type { Cell } from '../cell.js'
import type { Goal } from '../goal.js'
import { COLUMNS, quantityText } from '../report/columns.js'
import { callersText } from '../report/text.js'
import type { PublishedResult } from './results.js'

/** Every bar with what was measured, and what CI enforces. */
export function goalsTable(results: readonly PublishedResult[]): string {
  const goals = results.flatMap((result) => result.goals)
  const rows = BARS.map((bar) => {
    const goal = goals.find(({ id }) => id === bar.id)
    const against = goal?.against === undefined || goal.against === '' ? '' : ` (${goal.against})`
    const measured = goal === undefined ? '–' : `${quantityText(goal.value, goal.unit)}${against}`
    return [
      suiteOf(bar),
      scopeText(bar),
      bar.says,
      limitText(bar, bar.limit),
      measured,
      goal?.ceiling === undefined
        ? ''
        : `${quantityText(goal.ceiling.value, goal.unit)} (${goal.ceiling.name})`,
      verdictText(goal),
      enforcedText(bar),
    ]
  })
  return markdownTable(['suite', '', 'quantity', 'bar', 'measured', 'ceiling', '', 'enforced by CI'], rows)
}

function verdictText(goal: Goal | undefined): string {
  if (goal === undefined) return 'not measured'
  return goal.met ? 'met' : '**missed**'
}

/** The medians of a suite, a table for each number of callers. */
export function suiteTables({ cells }: PublishedResult): string {
  const callers = [...new Set(cells.map((cell) => cell.callers))].toSorted((a, b) => a - b)
  return callers
    .map((count) =>
      cellsTable(
        callersText(count),
        cells.filter((cell) => cell.callers === count),
      ),
    )
    .join('\n\n')
}

/** What a suite weighed or measured once. */
export function factsTable({ facts = [] }: PublishedResult): string {
  const columns = [...new Set(facts.map(({ what }) => what))]
  const rows = [...new Set(facts.map(({ who }) => who))].map((who) => [
    who,
    ...columns.map((what) => {
      const fact = facts.find((candidate) => candidate.who === who && candidate.what === what)
      return fact === undefined ? '–' : `${Number(fact.value.toPrecision(3))} ${fact.unit}`
    }),
  ])
  return markdownTable(['', ...columns], rows)
}

/** With what, where and when a suite was measured. */
export function conditionsText({ conditions, rounds, seconds }: PublishedResult): string {
  const { server, node, processors, processor, date, commit } = conditions
  const run = rounds === 1 ? 'One round' : `${rounds} interleaved rounds`
  return (
    `${run} of ${seconds} s each, medians; ${server}, Node.js ${node.replace('v', '')}, ` +
    `${processors} cores (${processor}) shared by client and server; ${date.slice(0, 10)}, commit \`${commit?.slice(0, 7)}\`.`
  )
}

function cellsTable(title: string, cells: readonly Cell[]): string {
  const rows = cells.map(({ contestant, summary }) => {
    const operations = summary.opsPerSecond
    const thousands = (value: number): string => (value / 1_000).toFixed(1)
    return [
      contestant,
      operations === null
        ? '–'
        : `${thousands(operations.median)} (${thousands(operations.min)}–${thousands(operations.max)})`,
      ...COLUMNS.map(({ metric, digits }) => summary[metric]?.median.toFixed(digits) ?? '–'),
    ]
  })
  return markdownTable([title, 'thousand/s', ...COLUMNS.map((column) => column.title)], rows)
}

function scopeText({ id }: Bar): string {
  const callers = Number(id.split('.')[1])
  return Number.isNaN(callers) ? '' : callersText(callers)
}

function limitText({ bound, unit }: Bar, limit: number): string {
  return `${bound === 'min' ? '≥' : '≤'} ${quantityText(limit, unit)}`
}

function enforcedText(bar: Bar): string {
  const limit = enforcedLimit(bar)
  return limit === undefined || !GATED.has(suiteOf(bar)) ? '–' : limitText(bar, limit)
}

/** The suites that `.ci/run` runs with `--gate`. */
export const GATED: ReadonlySet<string> = new Set(['labels', 'topology'])

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, header.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
