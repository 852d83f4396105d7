import { describe, expect, it } from 'vitest'

import { BARS, enforcedLimit, type Bar } from '../../bench/bars.js'
import { cellOf, type Cell } from '../../bench/cell.js'
import type { Role } from '../../bench/contender.js'
import { judge } from '../../bench/goal.js'
import { reportText } from '../../bench/report/text.js'
import type { RoundResult } from '../../bench/round-result.js'
import { goalsOf } from '../../bench/suites/labels.js'
import { tailGoal } from '../../bench/suites/latency.js'
import { round } from './support/bench.js'

describe('the goals of the label suite', () => {
  it('compare with the fastest peer, the lower ceiling and, for one caller, the lowest latency', () => {
    const cells = [
      cell('indelible', 'subject', 1, { p50Micros: 105, p99Micros: 200, opsPerSecond: 9_000 }),
      cell('ioredis', 'peer', 1, { p50Micros: 100, p99Micros: 400, opsPerSecond: 5_000 }),
      cell('node-redis', 'peer', 1, { p50Micros: 110, p99Micros: 250, opsPerSecond: 9_500 }),
      cell('indelible', 'subject', 512, { opsPerSecond: 400_000, loopMicrosPerOp: 1 }),
      cell('ioredis', 'peer', 512, { opsPerSecond: 50_000, loopMicrosPerOp: 30 }),
      cell('node-redis', 'peer', 512, { opsPerSecond: 80_000, loopMicrosPerOp: 10 }),
      cell('node-redis, plain', 'plain', 512, { opsPerSecond: 900_000, loopMicrosPerOp: 0 }),
      cell('harness', 'harness', 512, { opsPerSecond: 2_000_000, loopMicrosPerOp: 0.5 }),
      cell('loop', 'ceiling', 512, { opsPerSecond: 800_000, loopMicrosPerOp: 0.75 }),
      cell('raw', 'ceiling', 512, { opsPerSecond: 500_000 }),
      cell('raw, unbounded', 'ceiling', 512, { opsPerSecond: 400_000 }),
    ]
    const goals = goalsOf(cells).map(({ id, value, against, ceiling }) => ({
      id,
      value,
      against,
      ...(ceiling && { ceiling }),
    }))
    expect(goals).toEqual([
      {
        id: 'labels.512.throughput',
        value: 5,
        against: 'node-redis',
        ceiling: { name: 'raw', value: 500 / 80 },
      },
      { id: 'labels.512.loop', value: 0.1, against: 'node-redis', ceiling: { name: 'loop', value: 0.075 } },
      {
        id: 'labels.512.loop-net',
        value: 0.5 / 9.5,
        against: 'node-redis',
        ceiling: { name: 'loop', value: 0.25 / 9.5 },
      },
      { id: 'labels.512.ceiling', value: 0.8, against: 'raw' },
      { id: 'labels.1.p50', value: 1.05, against: 'ioredis' },
      { id: 'labels.1.p99', value: 0.8, against: 'node-redis' },
    ])
  })

  it.each([
    { who: 'our store', cells: [cell('ioredis', 'peer', 64, {}), cell('ioredis', 'peer', 1, {})] },
    { who: 'every peer', cells: [cell('indelible', 'subject', 64, {}), cell('raw', 'ceiling', 64, {})] },
  ])('are none without $who', ({ cells }) => {
    expect(goalsOf(cells)).toEqual([])
  })
})

describe('the tail past saturation', () => {
  it.each([
    { what: 'the first with nine tenths', throughput: [50, 90, 100, 95], callers: 2, value: 3 / 2 },
    {
      what: 'the last, whose double nobody measured',
      throughput: [50, 60, 70, 100],
      callers: 8,
      value: Number.NaN,
    },
  ])('is measured at twice $what', ({ throughput, callers, value }) => {
    const cells = throughput.map((opsPerSecond, index) =>
      cell('indelible', 'subject', 2 ** index, { opsPerSecond, p99Micros: index + 1 }),
    )
    const against = `${callers} callers saturate`
    expect(tailGoal(cells)).toMatchObject([{ id: 'latency.p99', value, against, met: value === 3 / 2 }])
  })
})

describe('a goal', () => {
  it.each([
    { id: 'labels.512.throughput', value: 8, met: true },
    { id: 'labels.512.throughput', value: 7.99, met: false },
    { id: 'labels.512.loop', value: 1 / 25, met: true },
    { id: 'labels.512.loop', value: 1 / 24, met: false },
    { id: 'gateway.call', value: Number.NaN, met: false },
  ])('$id with $value is met: $met', ({ id, value, met }) => {
    expect(judge(id, value)).toMatchObject({ id, value, met })
  })

  it('needs a bar', () => {
    expect(() => judge('labels.512.beauty', 1)).toThrow('there is no bar labels.512.beauty')
  })
})

describe('what CI enforces', () => {
  it.each<{ what: string; bar: Pick<Bar, 'bound' | 'limit' | 'reached'>; limit: number | undefined }>([
    { what: '0.7 of a bar that is passed', bar: { bound: 'min', limit: 10, reached: 20 }, limit: 7 },
    { what: '0.7 of what was reached', bar: { bound: 'min', limit: 10, reached: 5 }, limit: 3.5 },
    { what: 'no more than 1/0.7 of a bar', bar: { bound: 'max', limit: 0.7, reached: 0.1 }, limit: 1 },
    {
      what: 'no more than 1/0.7 of what was reached',
      bar: { bound: 'max', limit: 0.7, reached: 1.4 },
      limit: 2,
    },
    {
      what: 'nothing before anything was reached',
      bar: { bound: 'max', limit: 1, reached: null },
      limit: undefined,
    },
  ])('is $what', ({ bar, limit }) => {
    const enforced = enforcedLimit({ id: 'x', says: '', unit: 'x', ...bar })
    if (limit === undefined) expect(enforced).toBeUndefined()
    else expect(enforced).toBeCloseTo(limit, 10)
  })

  it('never asks for more than the bar', () => {
    for (const bar of BARS) {
      const enforced = enforcedLimit(bar)
      if (enforced === undefined) continue
      if (bar.bound === 'min') expect(enforced, bar.id).toBeLessThan(bar.limit)
      else expect(enforced, bar.id).toBeGreaterThan(bar.limit)
    }
  })
})

describe('the report', () => {
  it('puts the ratios first, then a table of medians with the range of the throughput', () => {
    const ours = cellOf('indelible', 'subject', 64, [
      round({ opsPerSecond: 300_000, loopMicrosPerOp: 2 }),
      round({ opsPerSecond: 280_000, loopMicrosPerOp: 2, mainThreadCpuMicrosPerOp: null }),
    ])
    const raw = cellOf('raw', 'ceiling', 64, [round({ opsPerSecond: 500_000, loopMicrosPerOp: null })])
    const cells = [ours, cell('iovalkey', 'peer', 64, { opsPerSecond: 100_000, loopMicrosPerOp: 10 }), raw]
    expect(reportText({ cells, goals: goalsOf(cells) }).split('\n')).toEqual([
      'MISSED labels.64.throughput: 2.90x (at least 6.00x) throughput, against the fastest peer: iovalkey; raw itself: 5.00x',
      'MISSED labels.64.loop: 1/5.0 (at most 1/15.0) event-loop time an operation, against the same peer: iovalkey',
      '',
      '64 callers                  ops/s  p50 µs  p99 µs  p99.9 µs  loop µs/op  JS CPU µs/op  CPU µs/op  server µs/op  MB',
      'indelible   290.0 k (280.0-300.0)       1       1         1        2.00          1.00       1.00          1.00   1',
      'iovalkey    100.0 k (100.0-100.0)       1       1         1       10.00          1.00       1.00          1.00   1',
      'raw         500.0 k (500.0-500.0)       1       1         1           -          1.00       1.00          1.00   1',
    ])
  })

  it('shows what was weighed, and curves', () => {
    const facts = [{ what: 'on disk', who: 'indelible', value: 2.3456, unit: 'MB' }]
    const curves = [
      {
        id: 'c',
        title: 'Callers',
        x: 'callers',
        y: 'µs',
        series: [{ name: 'indelible', points: [[1, 2.5]] as const }],
      },
    ]
    expect(
      reportText({ cells: [], goals: [judge('footprint.addon', 2.3456)], facts, curves }).split('\n'),
    ).toEqual([
      'met    footprint.addon: 2.35 MB (at most 3 MB) the addon on disk',
      '',
      'on disk  indelible  2.35 MB',
      '',
      'Callers (µs, by callers)',
      'indelible  1: 2.5',
    ])
  })
})

function cell(contestant: string, role: Role, callers: number, result: Partial<RoundResult>): Cell {
  return cellOf(contestant, role, callers, [round(result)])
}
