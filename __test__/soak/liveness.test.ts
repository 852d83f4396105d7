// The checks of time: a store that denies everything must not pass.

import { describe, expect, test } from 'vitest'

import {
  type Outcome,
  type Window,
  bursts,
  calmLoads,
  deadSessions,
  recoveries,
  slowestFailure,
} from '../../soak/check/liveness.js'

const GRACE = { recoveryMs: 10 }

function outcome(t0: number, ok: boolean, more: Partial<Outcome> = {}): Outcome {
  return { process: 0, session: 's', op: 'load', ok, t0, t1: t0 + 1, ...more }
}

function fault(from: number, to: number, name: string = 'fault'): Window {
  return { fault: name, from, to }
}

test('calm loads: those that neither a fault nor the recovery from it touches', () => {
  const windows = [fault(100, 200), fault(150, 300)]
  const outcomes = [
    outcome(98.5, true),
    outcome(99.5, false), // runs into the fault
    outcome(250, false),
    outcome(310, false), // may still recover
    outcome(311, false),
    outcome(320, true),
    outcome(320, true, { op: 'append' }),
  ]
  expect(calmLoads(outcomes, windows, GRACE)).toEqual({ loads: 3, ok: 2 })
  expect(calmLoads([], windows, GRACE)).toEqual({ loads: 0, ok: 0 })
})

test('dead sessions: no load of them succeeded in time', () => {
  const outcomes = [
    outcome(99, true, { session: 'before' }),
    outcome(101, true, { session: 'alive' }),
    outcome(101, false, { session: 'failing' }),
    outcome(101, true, { session: 'appended', op: 'append' }),
    outcome(110, true, { session: 'late' }),
  ]
  const sessions = ['alive', 'before', 'failing', 'appended', 'late', 'untouched']
  expect(deadSessions(outcomes, sessions, 100, GRACE)).toEqual(sessions.slice(1))
})

test('faults that overlap, or leave no time to recover between them, are one burst', () => {
  const windows = [fault(5, 8, 'c'), fault(0, 3, 'a'), fault(1, 4, 'b')]
  expect(bursts(windows, { recoveryMs: 1 })).toEqual([fault(0, 4, 'a, b'), fault(5, 8, 'c')])
  expect(bursts(windows, { recoveryMs: 2 })).toEqual([fault(0, 8, 'a, b, c')])
  expect(bursts([fault(0, 9, 'long'), fault(1, 2, 'short')], GRACE)).toEqual([fault(0, 9, 'long, short')])
})

describe('recovery', () => {
  test('ends when every process has had a load that succeeded', () => {
    const before = [outcome(0, true), outcome(0, true, { process: 1 })]
    const after = [
      outcome(20, false),
      outcome(22, true),
      outcome(21, true, { process: 1 }),
      outcome(40, true),
      outcome(50, true, { process: 2 }), // not there before: nothing to recover from
    ]
    expect(recoveries([...before, ...after], [fault(10, 20)], GRACE)).toEqual([
      { fault: 'fault', afterMs: 3 },
    ])
  })

  test('is unknown when a process fails until the next burst, or nothing was loaded', () => {
    const outcomes = [outcome(0, true), outcome(21, false), outcome(35, true)]
    expect(recoveries(outcomes, [fault(10, 20, 'first'), fault(30, 31, 'second')], GRACE)).toEqual([
      { fault: 'first', afterMs: undefined },
      { fault: 'second', afterMs: 5 },
    ])
    expect(recoveries([], [fault(10, 20)], GRACE)).toEqual([{ fault: 'fault', afterMs: undefined }])
  })

  test('does not count loads that began during the burst', () => {
    const outcomes = [outcome(0, true), outcome(19.5, true), outcome(28, true)]
    expect(recoveries(outcomes, [fault(10, 20)], GRACE)).toEqual([{ fault: 'fault', afterMs: 9 }])
  })
})

test('the slowest failure, whatever succeeded slower', () => {
  const outcomes = [
    outcome(0, true, { t1: 900 }),
    outcome(0, false, { t1: 70 }),
    outcome(0, false, { t1: 30 }),
  ]
  expect(slowestFailure(outcomes)).toBe(70)
  expect(slowestFailure([])).toBe(0)
})
