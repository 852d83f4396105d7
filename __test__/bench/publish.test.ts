// What stands in docs/ is what was measured.

import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { BARS } from '../../bench/bars.js'
import { cellOf, type Cell } from '../../bench/cell.js'
import { barChart } from '../../bench/charts/bar-chart.js'
import { lineChart } from '../../bench/charts/line-chart.js'
import { filled } from '../../bench/publish/page.js'
import { rendered } from '../../bench/publish/publish.js'
import { readResults, type PublishedResult } from '../../bench/publish/results.js'
import { GATED } from '../../bench/publish/tables.js'
import type { Curve } from '../../bench/suite-report.js'
import { round } from './support/bench.js'

const DOCS = join(import.meta.dirname, '../../docs')

describe('the published results', () => {
  it('are what docs/benchmarks.md and its charts show', async () => {
    for (const [path, content] of await rendered()) {
      const present = await readFile(join(DOCS, path), 'utf8').catch(() => undefined)
      expect(present, `docs/${path}: run the suite with --publish`).toBe(content)
    }
  })

  it('are all that the charts show', async () => {
    const made = new Set((await rendered()).keys())
    for (const file of await readdir(join(DOCS, 'charts'))) expect(made).toContain(`charts/${file}`)
  })

  it('give every chart that the page shows', async () => {
    const made = await rendered()
    for (const [, path] of (made.get('benchmarks.md') ?? '').matchAll(/\((charts\/[^)]+)\)/g)) {
      expect(made.has(path ?? ''), path).toBe(true)
    }
  })

  it('are said to be enforced where .ci/run has a gate for their suite', async () => {
    const gate = await readFile(join(DOCS, '../.ci/run'), 'utf8')
    const suites = Array.from(gate.matchAll(/^step .* bench_gate (\w+)$/gm), ([, suite]) => suite)
    expect(suites).toEqual([...GATED])
  })

  it('are what the bars say has been reached', async () => {
    const goals = (await readResults()).flatMap((result) => result.goals)
    for (const { id, reached } of BARS) {
      const published = goals.find((goal) => goal.id === id)?.value
      if (published === undefined) expect(reached, id).toBeNull()
      else expect((reached ?? Number.NaN) / published, `${id}: reached ${published}`).toBeCloseTo(1, 1)
    }
  })
})

describe('a page', () => {
  it('is filled where it says so, and nowhere else', () => {
    const page = 'before\n<!-- labels tables -->\nold\n<!-- end -->\nafter <!-- end -->\n'
    const once = filled(page, [RESULT])
    expect(once).toContain('before\n<!-- labels tables -->\n| 64 callers | thousand/s |')
    expect(once).toContain('| indelible | 2.0 (1.0–3.0) | 1 |')
    expect(once).toContain('<!-- end -->\nafter <!-- end -->\n')
    expect(once).not.toContain('old')
    expect(filled(once, [RESULT])).toBe(once)
  })

  it('says what has not been measured, and refuses what nobody can make', () => {
    expect(filled('<!-- tls tables -->\n<!-- end -->', [RESULT])).toContain('Not measured yet.')
    expect(() => filled('<!-- labels poems -->\n<!-- end -->', [RESULT])).toThrow('no such block')
  })
})

describe('a chart', () => {
  it('is the same every time, follows the scheme of the reader and escapes what it is given', () => {
    const cells = [
      cellOf('a & <b>', 'subject', 64, [round({ opsPerSecond: 1_000 }), round({ opsPerSecond: 3_000 })]),
      cellOf('other', 'peer', 64, [round({ opsPerSecond: 4_000 })]),
    ]
    const chart = barChart('Operations', cells, 'opsPerSecond')
    expect(barChart('Operations', cells, 'opsPerSecond')).toBe(chart)
    expect(chart).toContain('prefers-color-scheme: dark')
    expect(chart).toContain('a &amp; &lt;b>')
    expect(chart).toContain('>2 k<')
    // The longest bar takes all the room, and half as much takes half of it.
    const widths = [...chart.matchAll(/width="([\d.]+)" height="15"/g)].map(([, width]) => Number(width))
    expect(widths[0]).toBeCloseTo((widths[1] ?? 0) / 2, 0)
  })

  it('cuts off what is far beyond the others, and leaves the harness out', () => {
    const of = (name: string, role: 'subject' | 'ceiling' | 'harness', opsPerSecond: number): Cell =>
      cellOf(name, role, 64, [round({ opsPerSecond })])
    const cells = [of('ours', 'subject', 100), of('loop', 'ceiling', 1_000), of('harness', 'harness', 9_000)]
    const chart = barChart('Operations', cells, 'opsPerSecond')
    const widths = [...chart.matchAll(/width="([\d.]+)" height="15"/g)].map(([, width]) => Number(width))
    expect(widths).toHaveLength(2)
    expect(widths[1]).toBeCloseTo((widths[0] ?? 0) * 1.5, 0)
    expect(chart).toContain('>… 1 k<')
  })

  it('draws curves over a logarithmic axis, from zero', () => {
    const curve: Curve = {
      id: 'c',
      title: 'Cost',
      x: 'labels',
      y: 'µs',
      series: [
        {
          name: 'ours',
          points: [
            [1, 1],
            [10, 2],
            [100, 4],
          ],
        },
      ],
    }
    const points = /<polyline points="([^"]+)"/
      .exec(lineChart(curve))?.[1]
      ?.split(' ')
      .map((pair) => pair.split(',').map(Number))
    const [[x0 = 0, y0 = 0] = [], [x1 = 0, y1 = 0] = [], [x2 = 0, y2 = 0] = []] = points ?? []
    expect(x1 - x0).toBeCloseTo(x2 - x1, 0)
    expect(y1 - y2).toBeCloseTo(2 * (y0 - y1), 0)
  })
})

const RESULT: PublishedResult = {
  suite: 'labels',
  rounds: 2,
  seconds: 1,
  conditions: {
    server: 'redis 7.0.15',
    date: '2026-01-01T00:00:00.000Z',
    commit: '0123456789abcdef',
    node: 'v20.0.0',
    system: 'Linux',
    processor: 'a processor',
    processors: 2,
    memoryGigabytes: 4,
    loadBefore: 0,
    packages: {},
  },
  cells: [
    cellOf(
      'indelible',
      'subject',
      64,
      [1_000, 3_000].map((opsPerSecond) => round({ opsPerSecond })),
    ),
  ],
  goals: [],
}
