// The checker itself: what it must let pass, and each way of losing a label that it must find.

import { describe, expect, test } from 'vitest'

import { type Violation, checkSession } from '../../soak/check/session.js'
import type { Operation } from '../../soak/history/operation.js'
import { Random } from '../../soak/random.js'
import { append, load, soundHistory } from './support/histories.js'

const kinds = (violations: readonly Violation[]) => violations.map(({ kind }) => kind)

describe('sound histories', () => {
  test.each<readonly [string, readonly Operation[]]>([
    ['nothing at all', []],
    ['a load after the acknowledgement has the label', [append('a', 0, 1), load(['a'], 2, 3)]],
    ['a load that overlaps the append saw it', [append('a', 0, 5), load(['a'], 1, 2)]],
    ['a load that overlaps the append did not', [append('a', 0, 5), load([], 4, 9)]],
    ['a load that began at the very moment of the acknowledgement', [append('a', 0, 5), load([], 5, 9)]],
    ['a load before the append', [load([], 0, 1), append('a', 2, 3), load(['a'], 4, 5)]],
    ['a load that failed after the acknowledgement', [append('a', 0, 1), load('fail', 2, 3)]],
    ['an append that may have happened and did not', [append('a', 0, 1, 'unknown'), load([], 2, 3)]],
    [
      'an append that may have happened and did, late',
      [append('a', 0, 1, 'unknown'), load([], 2, 3), load(['a'], 4, 5)],
    ],
    ['an append that failed, and is not there', [append('a', 0, 1, 'fail'), load([], 2, 3)]],
    [
      'two loads that overlap see an unacknowledged label in either order',
      [append('a', 0, 9, 'unknown'), load(['a'], 1, 5), load([], 4, 6), load(['a'], 7, 8)],
    ],
  ])('%s', (_, history) => {
    expect(checkSession(history)).toEqual([])
  })

  test('what a set without fault answers, over many random histories', () => {
    const random = new Random(1)
    for (let n = 0; n < 2_000; n++) {
      const { appends, loads } = soundHistory(random)
      expect(checkSession([...appends, ...loads])).toEqual([])
    }
  })
})

describe('lost', () => {
  test('a load that began after the acknowledgement lacks the label', () => {
    const [acknowledged, without] = [append('a', 0, 1), load(['b'], 2, 3)]
    expect(checkSession([append('b', 0, 1), without, acknowledged])).toEqual([
      { kind: 'lost', session: 's', label: 'a', loads: 1, explanation: [acknowledged, without] },
    ])
  })

  test('although it comes back: a decision has been made on the load that lacked it', () => {
    const history = [append('a', 0, 1), load([], 2, 3), load(['a'], 4, 5)]
    expect(kinds(checkSession(history))).toEqual(['lost'])
  })

  test('counts the loads, and shows the first of them', () => {
    const first = load([], 2, 3)
    const [violation] = checkSession([
      append('a', 0, 1),
      load([], 8, 9),
      first,
      load(['a'], 4, 5),
      load([], 6, 7),
    ])
    expect(violation).toMatchObject({ loads: 3 })
    expect(violation?.explanation.at(-1)).toBe(first)
  })

  test('not once the loss has been accepted, but before that', () => {
    const history = [append('a', 0, 1), load([], 2, 3)]
    expect(checkSession(history, 2.5)).toEqual([])
    expect(kinds(checkSession(history, 3))).toEqual(['lost'])
  })

  test('whenever a label is taken out of a load that must have it', () => {
    const random = new Random(2)
    let found = 0
    for (let n = 0; n < 2_000; n++) {
      const { appends, loads } = soundHistory(random)
      const target = random.pick(loads)
      const due = appends.filter(
        ({ result, t1 }) => result === 'ok' && target.result === 'ok' && t1 < target.t0,
      )
      if (due.length === 0) continue
      const { label } = random.pick(due)
      const spoilt = { ...target, labels: target.labels.filter((each) => each !== label) }
      const others = loads.filter((each) => each !== target)
      const violations = checkSession([...appends, ...others, spoilt])
      expect(violations).toMatchObject([{ kind: 'lost', label, loads: 1, explanation: [{ label }, spoilt] }])
      found += 1
    }
    expect(found).toBeGreaterThan(500)
  })
})

describe('misjudged', () => {
  test('a label whose append had failed for certain is seen', () => {
    const [failed, seen] = [append('a', 0, 1, 'fail'), load(['a'], 2, 3)]
    expect(checkSession([failed, seen])).toEqual([
      { kind: 'misjudged', session: 's', label: 'a', loads: 1, explanation: [failed, seen] },
    ])
  })

  test('even by a load that ran at the same time', () => {
    expect(kinds(checkSession([append('a', 0, 5, 'fail'), load(['a'], 1, 2)]))).toEqual(['misjudged'])
  })
})

describe('phantom', () => {
  test('a label that nobody has ever added', () => {
    const seen = load(['a', 'x'], 2, 3)
    expect(checkSession([append('a', 0, 1), seen, load(['a', 'x'], 4, 5)])).toEqual([
      { kind: 'phantom', session: 's', label: 'x', loads: 2, explanation: [seen] },
    ])
  })

  test('whenever a label of another session is put into a load', () => {
    const random = new Random(3)
    for (let n = 0; n < 500; n++) {
      const { appends, loads } = soundHistory(random)
      const target = { ...random.pick(loads), result: 'ok' as const }
      const mixedUp = { ...target, labels: [...appends.map(({ label }) => label), 'of another session'] }
      expect(kinds(checkSession([...appends, mixedUp]))).toContain('phantom')
    }
  })
})

describe('vanished', () => {
  test('a label that nobody was promised is seen, and not by a later load', () => {
    const [maybe, seen, without] = [append('a', 0, 1, 'unknown'), load(['a'], 2, 3), load([], 4, 5)]
    expect(checkSession([maybe, seen, without])).toEqual([
      { kind: 'vanished', session: 's', label: 'a', loads: 1, explanation: [maybe, seen, without] },
    ])
  })

  test('before its acknowledgement', () => {
    const history = [append('a', 0, 9), load(['a'], 1, 2), load([], 3, 4), load(['a'], 10, 11)]
    expect(kinds(checkSession(history))).toEqual(['vanished'])
  })

  test('is no second charge against a label that was lost', () => {
    const history = [append('a', 0, 1), load(['a'], 2, 3), load([], 4, 5)]
    expect(kinds(checkSession(history))).toEqual(['lost'])
  })
})
