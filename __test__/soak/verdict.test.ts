// What is made of the findings of a run: each bound bites, and nothing else does.

import { describe, expect, test } from 'vitest'

import { type Bounds, type Findings, Totals, complaints } from '../../soak/check/verdict.js'
import { checkSession } from '../../soak/check/session.js'
import { append, load } from './support/histories.js'

const BOUNDS: Bounds = {
  keepsWhatWasSeen: true,
  recoveryMs: 5_000,
  failureMs: 2_050,
  connections: 12,
  memoryGrowth: 1.5,
}

const GOOD: Findings = {
  counts: { append: { ok: 1, fail: 0, unknown: 0 }, load: { ok: 1, fail: 0 } },
  codes: {},
  violations: { lost: 0, misjudged: 0, phantom: 0, vanished: 0 },
  shown: [],
  calm: { loads: 100, ok: 50 },
  deadSessions: [],
  recoveries: [{ fault: 'frozen', afterMs: 5_000 }],
  slowestFailureMs: 2_050,
  strays: [],
  memoryGrowth: 1.5,
  connections: 12,
}

describe('complaints', () => {
  test('none about a run at the edge of every bound', () => {
    expect(complaints(GOOD, BOUNDS)).toEqual([])
  })

  test.each<readonly [string, Partial<Findings>]>([
    ['acknowledged labels', { violations: { ...GOOD.violations, lost: 1 } }],
    ['failed for certain', { violations: { ...GOOD.violations, misjudged: 1 } }],
    ['nobody had added', { violations: { ...GOOD.violations, phantom: 1 } }],
    ['keeps what it shows', { violations: { ...GOOD.violations, vanished: 1 } }],
    ['outside of faults', { calm: { loads: 100, ok: 49 } }],
    ['outside of faults', { calm: { loads: 0, ok: 0 } }],
    ['did not come back', { deadSessions: ['s'] }],
    ['recovery from frozen', { recoveries: [{ fault: 'frozen', afterMs: 5_001 }] }],
    ['recovery from frozen', { recoveries: [{ fault: 'frozen', afterMs: undefined }] }],
    ['a failure took', { slowestFailureMs: 2_051 }],
    ['handled by nobody', { strays: ['Error'] }],
    ['grew by', { memoryGrowth: 1.51 }],
    ['connections', { connections: 13 }],
  ])('one: %s', (text, bad) => {
    const found = complaints({ ...GOOD, ...bad }, BOUNDS)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(text)
  })

  test('not about labels that were never promised, where a failover may lose them', () => {
    const findings = { ...GOOD, violations: { ...GOOD.violations, vanished: 3 } }
    expect(complaints(findings, { ...BOUNDS, keepsWhatWasSeen: false })).toEqual([])
  })
})

test('totals count operations and codes, and show the shortest explanation of each kind', () => {
  const totals = new Totals()
  const long = [append('a', 0, 1), load([], 50, 51)]
  const short = [append('b', 0, 1), load([], 2, 3), append('c', 0, 1, 'unknown'), load(['b'], 4, 5)]
  const failed = { ...load('fail', 0, 1), code: 'ERR_STORE_TIMEOUT command' }
  totals.add([...long, failed, failed], checkSession(long))
  totals.add(short, checkSession(short))
  expect(totals.counts).toEqual({ append: { ok: 2, fail: 0, unknown: 1 }, load: { ok: 3, fail: 2 } })
  expect(totals.codes).toEqual({ 'ERR_STORE_TIMEOUT command': 2 })
  expect(totals.violations).toEqual({ lost: 2, misjudged: 0, phantom: 0, vanished: 0 })
  expect(totals.shown).toMatchObject([{ kind: 'lost', label: 'b' }])
})
