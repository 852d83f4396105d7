// What makes `npm run bench` fail, and how many rounds it takes.

import { describe, expect, it } from 'vitest'

import { decided, passes } from '../../bench/decision.js'
import { judge } from '../../bench/goal.js'
import { parseOptions, type BenchOptions } from '../../bench/options.js'
import type { SuiteReport } from '../../bench/suite-report.js'

const [MET, MISSED, INTOLERABLE] = [0.5, 1.2, 9].map((p50): SuiteReport => ({
  cells: [],
  goals: [judge('labels.1.p50', p50)],
})) as [SuiteReport, SuiteReport, SuiteReport]

describe('a report', () => {
  it.each([
    { flags: [], met: true, missed: true, intolerable: true },
    { flags: ['--check'], met: true, missed: false, intolerable: false },
    { flags: ['--gate'], met: true, missed: true, intolerable: false },
  ])('passes or fails with $flags', ({ flags, met, missed, intolerable }) => {
    const options = optionsOf(flags)
    expect([MET, MISSED, INTOLERABLE].map((report) => passes({ options, report }))).toEqual([
      met,
      missed,
      intolerable,
    ])
  })
})

describe('the gate', () => {
  it.each([
    { what: 'is content with few rounds that pass', reports: [MISSED], rounds: [3] },
    { what: 'asks for more where they fail', reports: [INTOLERABLE, MET], rounds: [3, 9] },
    { what: 'fails where those fail as well', reports: [INTOLERABLE, INTOLERABLE], rounds: [3, 9] },
  ])('$what', async ({ reports, rounds }) => {
    const { report, measured } = await decidedFrom(['--gate', '--quick'], reports)
    expect(report).toBe(reports.at(-1))
    expect(measured).toEqual(rounds)
  })

  it('is alone in that: bars are judged by the rounds that were asked for', async () => {
    const { report, measured } = await decidedFrom(['--check'], [INTOLERABLE, MET])
    expect(report).toBe(INTOLERABLE)
    expect(measured).toEqual([7])
  })
})

/** What is decided when each measurement yields the next report, and the rounds of each. */
async function decidedFrom(
  flags: readonly string[],
  reports: readonly SuiteReport[],
): Promise<{ report: SuiteReport; measured: number[] }> {
  const measured: number[] = []
  const measure = (options: BenchOptions): Promise<SuiteReport> => {
    const report = reports[measured.length]
    measured.push(options.rounds)
    return report === undefined ? Promise.reject(new Error('measured too often')) : Promise.resolve(report)
  }
  const { report, options } = await decided(optionsOf(flags), measure, () => {})
  expect(options.rounds).toBe(measured.at(-1))
  return { report, measured }
}

function optionsOf(flags: readonly string[]): BenchOptions {
  const options = parseOptions(flags)
  if (options === undefined) throw new Error('help was asked for')
  return options
}
