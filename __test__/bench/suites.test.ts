// Every suite runs from end to end and measures what it says. How fast is for a quiet machine to tell.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import type { Suite } from '../../bench/suite.js'
import type { SuiteReport } from '../../bench/suite-report.js'
import { bench, LIMIT_MS } from './support/bench.js'

interface Expected {
  readonly contestants: readonly string[]
  /** Ids of the bars that are judged. */
  readonly goals: readonly string[]
  readonly curves?: readonly string[]
  readonly facts?: number
}

const SUITES: Partial<Record<Suite, Expected>> = {
  tls: {
    contestants: ['indelible', 'ioredis'],
    goals: ['tls.512.throughput', 'tls.1.p50'],
  },
  gateway: {
    contestants: [
      'tools/call: gateway',
      'tools/call: bare relay',
      'tools/list: gateway',
      'tools/list: bare relay',
    ],
    goals: ['gateway.call', 'gateway.pass'],
  },
  latency: {
    contestants: ['indelible', 'ioredis'],
    goals: ['latency.p99', 'latency.overload', 'latency.memory'],
    curves: ['throughput', 'p99'],
  },
  growth: {
    contestants: [],
    goals: [],
    curves: ['labels', 'label-bytes', 'sets', 'sessions', 'callers', 'stores'],
  },
  footprint: {
    contestants: [],
    goals: ['footprint.addon', 'footprint.start-up'],
    facts: 20,
  },
}

it.each(Object.entries(SUITES))(
  'npm run bench -- --suite %s',
  async (suite, { contestants, goals, curves = [], facts = 0 }) => {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-bench-'))
    const json = join(folder, 'result.json')
    const run = await bench('--suite', suite, '--quick', '--rounds', '1', '--seconds', '0.2', '--json', json)
    expect(run).toMatchObject({ status: 0 })
    const report = JSON.parse(await readFile(json, 'utf8')) as SuiteReport
    await rm(folder, { recursive: true })

    expect([...new Set(report.cells.map(({ contestant }) => contestant))]).toEqual(contestants)
    for (const { summary } of report.cells) expect(summary.opsPerSecond?.median).toBeGreaterThan(0)
    expect(report.goals.map(({ id }) => id)).toEqual(goals)
    expect((report.curves ?? []).map(({ id }) => id)).toEqual(curves)
    for (const { series } of report.curves ?? []) {
      for (const [, value] of series.flatMap(({ points }) => points)) expect(value).toBeGreaterThan(0)
    }
    expect(report.facts ?? []).toHaveLength(facts)
    for (const { value } of report.facts ?? []) expect(value).toBeGreaterThan(0)
  },
  LIMIT_MS,
)
