import type { Cell } from '../cell.js'
import type { Metric } from '../round-result.js'
import { line, round, shortNumber, svg, text, WIDTH } from './svg.js'

const [TOP, ROW, LEFT, RIGHT] = [44, 24, 170, 120] as const
const BAR_HEIGHT = 15

/** How much longer than the second the longest bar may be. */
const BEYOND = 1.5

/**
 * Bars of the medians of a quantity, each with a whisker over its range: ours first, then the others. What is far beyond
 * the others, as a ceiling may be, is cut off at the edge and says so.
 */
export function barChart(title: string, cells: readonly Cell[], metric: Metric): string {
  const rows = cells.flatMap(({ contestant, role, summary }) => {
    const value = summary[metric]
    return value === null || role === 'harness' ? [] : [{ contestant, role, value }]
  })
  const ranked = rows.map(({ value }) => value.max).toSorted((one, other) => other - one)
  const [highest = 1, second = highest] = ranked
  const largest = Math.min(highest, second * BEYOND)
  const scale = (value: number): number => (Math.min(value, largest) / largest) * (WIDTH - LEFT - RIGHT)
  const body = rows.flatMap(({ contestant, role, value }, index) => {
    const y = TOP + index * ROW
    const middle = y + BAR_HEIGHT / 2
    const kind = role === 'subject' ? 'ours' : role === 'peer' || role === 'plain' ? 'other' : 'bound'
    return [
      text(LEFT - 8, y + 12, contestant, 'end'),
      `<rect x="${LEFT}" y="${y}" width="${round(scale(value.median))}" height="${BAR_HEIGHT}" class="${kind}"/>`,
      line(LEFT + scale(value.min), middle, LEFT + scale(value.max), middle),
      text(
        LEFT + scale(value.max) + 8,
        y + 12,
        `${value.max > largest ? '… ' : ''}${shortNumber(value.median)}`,
      ),
    ]
  })
  return svg(title, TOP + rows.length * ROW + 12, body)
}
