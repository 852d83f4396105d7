import { describe, expect, it } from 'vitest'

import { LatencyHistogram } from '../../bench/latency-histogram.js'
import { spread } from '../../bench/statistics.js'

describe('LatencyHistogram', () => {
  it.each([0.5, 0.99, 0.999])('gives the percentile %d to within 1/32', (fraction) => {
    const histogram = new LatencyHistogram()
    for (let micros = 1; micros <= 100_000; micros += 1) histogram.record(micros / 1_000)
    const exact = 100_000 * fraction
    expect(histogram.percentile(fraction)).toBeLessThanOrEqual(exact)
    expect(histogram.percentile(fraction)).toBeGreaterThan(exact * (31 / 32) - 0.1)
  })

  it.each([0, 0.1, 1, 999, 60_000_000])('holds %d µs alone', (micros) => {
    const histogram = new LatencyHistogram()
    histogram.record(micros / 1_000)
    expect(histogram.count).toBe(1)
    expect(histogram.percentile(0.5)).toBeLessThanOrEqual(micros)
    expect(histogram.percentile(0.5)).toBeGreaterThanOrEqual((micros * 31) / 32 - 0.1)
  })

  it('knows nothing before the first value and after a reset', () => {
    const histogram = new LatencyHistogram()
    expect(histogram.percentile(0.5)).toBeNaN()
    histogram.record(1)
    histogram.reset()
    expect(histogram.count).toBe(0)
    expect(histogram.percentile(0.5)).toBeNaN()
  })
})

describe('spread', () => {
  it.each([
    { values: [5], median: 5, min: 5, max: 5 },
    { values: [9, 1, 4], median: 4, min: 1, max: 9 },
    { values: [10, 2, 8, 4], median: 6, min: 2, max: 10 },
  ])('of $values', ({ values, ...expected }) => {
    expect(spread(values)).toEqual(expected)
  })

  it('refuses nothing at all', () => {
    expect(() => spread([])).toThrow(RangeError)
  })
})
