import type { Curve } from '../suite-report.js'
import { line, round, SERIES_CLASSES, shortNumber, svg, text, WIDTH } from './svg.js'

const HEIGHT = 300
const [TOP, BOTTOM, LEFT, RIGHT] = [56, 48, 64, 150] as const
const RULES = 4

/** Lines over a logarithmic axis; the other axis begins at zero, so that a cliff looks like one. */
export function lineChart({ title, x, y, series }: Curve): string {
  const points = series.flatMap((one) => one.points)
  const xs = [...new Set(points.map(([at]) => at))].toSorted((a, b) => a - b)
  const top = niceCeiling(Math.max(...points.map(([, value]) => value)))
  const [first, last] = [Math.log(xs[0] ?? 1), Math.log(xs.at(-1) ?? 1)]
  const across = (at: number): number =>
    LEFT + (last === first ? 0.5 : (Math.log(at) - first) / (last - first)) * (WIDTH - LEFT - RIGHT)
  const down = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM)

  const rules = Array.from({ length: RULES + 1 }, (_, index) => (top * index) / RULES)
  return svg(title, HEIGHT, [
    text(16, 46, y),
    ...rules.flatMap((value) => [
      line(LEFT, down(value), WIDTH - RIGHT, down(value)),
      text(LEFT - 8, down(value) + 4, shortNumber(value), 'end'),
    ]),
    ...labelled(xs, across).map((at) => text(across(at), HEIGHT - BOTTOM + 18, shortNumber(at), 'middle')),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x, 'middle'),
    ...series.flatMap((one, index) => {
      const kind = SERIES_CLASSES[index % SERIES_CLASSES.length] as string
      const path = one.points.map(([at, value]) => `${round(across(at))},${round(down(value))}`).join(' ')
      const [, end = 0] = one.points.at(-1) ?? []
      return [
        `<polyline points="${path}" class="line ${kind}"/>`,
        text(WIDTH - RIGHT + 8, spaced(series, index, down, end), one.name),
      ]
    }),
  ])
}

/** The values of the axis that have room for a label. */
function labelled(xs: readonly number[], across: (at: number) => number): number[] {
  const chosen: number[] = []
  for (const at of xs) {
    const before = chosen.at(-1)
    if (before === undefined || across(at) - across(before) > 36) chosen.push(at)
  }
  return chosen
}

/** Where the name of a series stands: at its end, moved down past the names that come before. */
function spaced(
  series: Curve['series'],
  index: number,
  down: (value: number) => number,
  end: number,
): number {
  const ends = series.map(({ points }) => down(points.at(-1)?.[1] ?? 0))
  const wanted = down(end) + 4
  const above = ends.filter((other, place) => place < index && Math.abs(other - down(end)) < 14).length
  return wanted + above * 14
}

/** 1, 2, 2.5, 5 or 10 times a power of ten, at or above `value`. */
function niceCeiling(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10) * power
}
