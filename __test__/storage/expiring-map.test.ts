import { expect, test } from 'vitest'

import { ExpiringMap } from '../../src/storage/expiring-map.js'

test('what has expired is never answered, and is dropped as others come', async () => {
  const map = new ExpiringMap<number>()
  for (let index = 0; index < 1_000; index += 1) map.set(`short-${index}`, index, 1)
  await expect.poll(() => map.get('short-999'), { interval: 1 }).toBeUndefined()
  for (let index = 0; index < 1_000; index += 1) map.set(`long-${index}`, index, 60_000)
  expect(map.size).toBe(1_000)
  for (let index = 0; index < 1_000; index += 1) expect(map.get(`long-${index}`)?.value).toBe(index)
})

test('a value that is set again lives its new life', () => {
  const map = new ExpiringMap<string>()
  map.set('k', 'old', 60_000)
  map.set('k', 'new', 1_000)
  const { value, leftMs } = map.get('k') ?? { value: '', leftMs: 0 }
  expect(value).toBe('new')
  expect(leftMs).toBeGreaterThan(0)
  expect(leftMs).toBeLessThanOrEqual(1_000)
})
