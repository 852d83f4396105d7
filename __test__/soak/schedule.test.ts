// A seed decides a run: the same faults in the same order, all of them, and never two that would break the settings.

import { describe, expect, test } from 'vitest'

import type { Fault } from '../../soak/nemesis/fault.js'
import { Schedule } from '../../soak/nemesis/schedule.js'
import { Random } from '../../soak/random.js'

function fault(name: string, kind: Fault['kind']): Fault {
  return { name, kind, lasts: [100, 4_000], strike: async () => async () => undefined }
}

const FAULTS = [
  ...['killed', 'frozen', 'flushed'].map((name) => fault(name, 'data')),
  ...['partition', 'reset', 'slow', 'rotated'].map((name) => fault(name, 'access')),
]

function rounds(seed: number, count: number) {
  const schedule = new Schedule(new Random(seed), FAULTS)
  return Array.from({ length: count }, () => schedule.round())
}

describe('schedule', () => {
  test('is decided by its seed', () => {
    const [one, same, other] = [rounds(7, 20), rounds(7, 20), rounds(8, 20)]
    expect(one).toEqual(same)
    expect(one).not.toEqual(other)
  })

  test('has one fault of data in each round, and one or two of access that overlap with it', () => {
    for (const round of rounds(1, 200)) {
      const data = round.filter(({ fault: { kind } }) => kind === 'data')
      expect(data).toHaveLength(1)
      expect([2, 3]).toContain(round.length)
      for (const { from, to } of round) {
        expect(from).toBeGreaterThanOrEqual(0)
        expect(from).toBeLessThan(1_500)
        expect(to - from).toBeGreaterThanOrEqual(100 - 1e-9)
        expect(to - from).toBeLessThan(4_000)
      }
    }
  })

  test('has every fault once before any comes again', () => {
    const names = rounds(3, 30).flatMap((round) =>
      round.filter(({ fault: { kind } }) => kind === 'data').map(({ fault: { name } }) => name),
    )
    for (let n = 0; n < names.length; n += 3) {
      expect(names.slice(n, n + 3).toSorted()).toEqual(['flushed', 'frozen', 'killed'])
    }
  })
})

test('random numbers are the same for a seed, and spread evenly', () => {
  const draw = (seed: number) => {
    const random = new Random(seed)
    return Array.from({ length: 10_000 }, () => random.next())
  }
  expect(draw(1)).toEqual(draw(1))
  expect(draw(1)).not.toEqual(draw(2))
  const numbers = draw(1)
  for (const bound of [0.1, 0.5, 0.9]) {
    expect(numbers.filter((number) => number < bound).length / numbers.length).toBeCloseTo(bound, 1)
  }
  expect(() => new Random(1).pick([])).toThrow('nothing to pick from')
})
