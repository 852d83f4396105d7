import { describe, expect, it } from 'vitest'

import { cellOf, type Cell } from '../../bench/cell.js'
import { goalsOf } from '../../bench/goal.js'
import { reportText } from '../../bench/report.js'
import type { RoundResult } from '../../bench/round-result.js'

describe('the goals of the label suite', () => {
  it('compare with the peer of the highest throughput, and for one caller of the lowest p50', () => {
    const cells = [
      cell('indelible', 1, { p50Micros: 105, opsPerSecond: 9_000 }),
      cell('ioredis', 1, { p50Micros: 100, opsPerSecond: 5_000 }),
      cell('node-redis', 1, { p50Micros: 110, opsPerSecond: 9_500 }),
      cell('indelible', 64, { opsPerSecond: 300_000, loopMicrosPerOp: 2 }),
      cell('ioredis', 64, { opsPerSecond: 50_000, loopMicrosPerOp: 1 }),
      cell('node-redis', 64, { opsPerSecond: 100_000, loopMicrosPerOp: 16 }),
    ]
    expect(goalsOf(cells)).toEqual([
      goal(64, 'opsPerSecond', 'node-redis', 3, 3, 'min', true),
      goal(64, 'loopMicrosPerOp', 'node-redis', 1 / 8, 1 / 8, 'max', true),
      goal(1, 'p50Micros', 'ioredis', 1.05, 1.1, 'max', true),
    ])
  })

  it.each([
    { callers: 64, metric: 'opsPerSecond', ours: 299_000, theirs: 100_000 },
    { callers: 64, metric: 'loopMicrosPerOp', ours: 2.1, theirs: 16 },
    { callers: 512, metric: 'opsPerSecond', ours: 349_000, theirs: 100_000 },
    { callers: 512, metric: 'loopMicrosPerOp', ours: 2.1, theirs: 16 },
    { callers: 1, metric: 'p50Micros', ours: 111, theirs: 100 },
  ])('are missed by $metric $ours against $theirs at $callers', ({ callers, metric, ours, theirs }) => {
    const cells = [
      cell('indelible', callers, { [metric]: ours }),
      cell('valkey-glide', callers, { [metric]: theirs }),
    ]
    expect(goalsOf(cells).find((judged) => judged.metric === metric)?.met).toBe(false)
  })

  it.each([
    { who: 'our store', cells: [cell('ioredis', 64, {})] },
    { who: 'every peer', cells: [cell('indelible', 64, {})] },
  ])('are none without $who', ({ cells }) => {
    expect(goalsOf(cells)).toEqual([])
  })
})

describe('the report', () => {
  it('puts the ratios first, then a table of medians with the range of the throughput', () => {
    const ours = cellOf('indelible', 64, [
      round({ opsPerSecond: 300_000, loopMicrosPerOp: 2 }),
      round({ opsPerSecond: 280_000, loopMicrosPerOp: 2, mainThreadCpuMicrosPerOp: null }),
    ])
    const cells = [ours, cell('iovalkey', 64, { opsPerSecond: 100_000, loopMicrosPerOp: 10 })]
    expect(reportText({ cells, goals: goalsOf(cells) }).split('\n')).toEqual([
      'MISSED 64 callers: throughput 2.90x that of iovalkey (at least 3.00x)',
      'MISSED 64 callers: event loop time an operation 1/5.0 that of iovalkey (at most 1/8.0)',
      '',
      '64 callers                  ops/s  p50 µs  p99 µs  p99.9 µs  loop µs/op  JS CPU µs/op  CPU µs/op  server µs/op',
      'indelible   290.0 k (280.0-300.0)       1       1         1         2.0           1.0        1.0           1.0',
      'iovalkey    100.0 k (100.0-100.0)       1       1         1        10.0           1.0        1.0           1.0',
    ])
  })
})

function goal(
  callers: number,
  metric: string,
  peer: string,
  ratio: number,
  limit: number,
  bound: string,
  met: boolean,
): object {
  return { callers, metric, peer, ratio, limit, bound, met }
}

function cell(contestant: string, callers: number, result: Partial<RoundResult>): Cell {
  return cellOf(contestant, callers, [round(result)])
}

function round(result: Partial<RoundResult>): RoundResult {
  return {
    operations: 1,
    opsPerSecond: 1,
    p50Micros: 1,
    p99Micros: 1,
    p999Micros: 1,
    loopMicrosPerOp: 1,
    mainThreadCpuMicrosPerOp: 1,
    processCpuMicrosPerOp: 1,
    serverCpuMicrosPerOp: 1,
    ...result,
  }
}
