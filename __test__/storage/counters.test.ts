// Counters on a server: exact, once, and in a window that does not move.

import { describe, expect, test } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { failureOf, freshKey, openBackend, valueOf } from './support/storage.js'

const server = ownServer()

test('an increment is one transaction', async () => {
  const counter = (await openBackend(server(), { poolSize: 1 })).rateLimiter()
  const key = freshKey()
  valueOf(await counter.current(key)) // the connection greets the server
  await using admin = await connect(server().port)
  await using monitor = await admin.monitor()
  valueOf(await counter.increment(key, 3n, 60))
  valueOf(await counter.current(key))
  valueOf(await counter.reset(key))
  const stored = `aa:ratelimit:${key}`
  expect((await monitor.commands()).map(({ args }) => args)).toEqual([
    ['MULTI'],
    ['INCRBY', stored, '3'],
    ['EXPIRE', stored, '60', 'NX'],
    ['PTTL', stored],
    ['EXEC'],
    ['GET', stored],
    ['DEL', stored],
  ])
})

test('what is refused is never sent', async () => {
  const counter = (await openBackend(server(), { poolSize: 1 })).rateLimiter()
  const key = freshKey()
  valueOf(await counter.current(key))
  await using admin = await connect(server().port)
  await using monitor = await admin.monitor()
  for (const [amount, windowSecs] of [
    [0n, 60],
    [1n, 0],
    [1n, 2 ** 31 + 1],
  ] as const) {
    expect(failureOf(await counter.increment(key, amount, windowSecs)).code).toBe(
      'ERR_STORE_INVALID_ARGUMENT',
    )
  }
  expect(await monitor.commands()).toEqual([])
})

test.each([100, 10_000])('%i concurrent increments from two nodes are exact', async (count) => {
  const nodes = [await openBackend(server()), await openBackend(server())].map((node) => node.rateLimiter())
  const key = freshKey()
  const results = await Promise.all(
    Array.from({ length: count }, async (_, index) => nodes[index % 2]?.increment(key, 1n, 60)),
  )
  const totals = new Set(results.map((result) => valueOf(result ?? { ok: true, value: 0n })))
  expect(totals.size).toBe(count)
  expect(valueOf((await nodes[0]?.current(key)) ?? { ok: true, value: 0n })).toBe(BigInt(count))
  expect(totals.has(BigInt(count))).toBe(true)
})

test('the life is armed once, by whoever comes first, and no later increment moves it', async () => {
  const counter = (await openBackend(server())).rateLimiter()
  await using admin = await connect(server().port)
  const key = freshKey()
  const windows = Array.from({ length: 64 }, (_, index) => counter.hit(key, 1n, 100 * (1 + index)))
  const ends = (await Promise.all(windows)).map((result) => valueOf(result).resetMs)
  expect(Math.max(...ends) - Math.min(...ends)).toBeLessThan(50_000) // one window, seen by all
  await admin.send('PEXPIRE', `aa:ratelimit:${key}`, '50000')
  expect(valueOf(await counter.hit(key, 1n, 100)).resetMs).toBeLessThanOrEqual(50_000)
})

test('a counter that lost its life gets one, so that it cannot block for ever', async () => {
  const counter = (await openBackend(server())).rateLimiter()
  await using admin = await connect(server().port)
  const key = freshKey()
  valueOf(await counter.increment(key, 1n, 60))
  await admin.send('PERSIST', `aa:ratelimit:${key}`)
  expect(valueOf(await counter.hit(key, 1n, 30))).toMatchObject({ total: 2n })
  const left = await admin.send('TTL', `aa:ratelimit:${key}`)
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThanOrEqual(30)
})

test('a value of another type is undecodable', async () => {
  const counter = (await openBackend(server())).rateLimiter()
  await using admin = await connect(server().port)
  const key = freshKey()
  await admin.send('HSET', `aa:ratelimit:${key}`, 'f', 'v')
  for (const result of [await counter.increment(key, 1n, 60), await counter.current(key)]) {
    expect(failureOf(result)).toMatchObject({ code: 'ERR_STORE_UNDECODABLE', reason: 'value' })
  }
})

/** Resolves when no connection is left. */
async function linksClosed(proxy: FaultProxy): Promise<void> {
  while (proxy.open > 0) await new Promise(setImmediate)
}

describe('an increment whose answer is lost', () => {
  test.each(['toServer', 'toClient'] as const)(
    'is never counted twice, cut %s at any byte',
    async (direction) => {
      await using proxy = await FaultProxy.open(server().port)
      await using admin = await connect(server().port)
      let whole = false
      const seen = { once: 0, never: 0 }
      for (let length = 0; !whole; length += 3) {
        const backend = await openBackend(proxy, { poolSize: 1, retry: { retries: 3 } })
        const counter = backend.rateLimiter()
        const key = freshKey()
        valueOf(await counter.current(key)) // greeted, so that the cut meets the increment
        await proxy.inject({ kind: 'cut', afterBytes: length, direction })
        // Healed as soon as the cut has happened, so that a retry, if there were one, would get through.
        const healing = linksClosed(proxy).then(() => proxy.heal())
        const result = await counter.increment(key, 1n, 60)
        await backend.close()
        await healing

        const stored = Number((await admin.send('GET', `aa:ratelimit:${key}`)) ?? 0)
        expect(stored).toBeLessThanOrEqual(1)
        whole = result.ok
        if (result.ok) expect(stored).toBe(1)
        else expect(result.error).toMatchObject({ operation: 'increment', indeterminate: true, attempts: 1 })
        if (stored === 1) seen.once += 1
        else seen.never += 1
      }
      expect(seen.once).toBeGreaterThan(0)
      if (direction === 'toServer') expect(seen.never).toBeGreaterThan(0)
    },
  )

  test('because the server froze: it fails, is not repeated, and counts once', async () => {
    await using proxy = await FaultProxy.open(server().port)
    const counter = (await openBackend(proxy, { commandTimeoutMs: 300, retry: { retries: 3 } })).rateLimiter()
    await using admin = await connect(server().port)
    const key = freshKey()
    valueOf(await counter.current(key))
    await proxy.inject({ kind: 'blackHole', direction: 'toClient' })
    const error = failureOf(await counter.increment(key, 1n, 60))
    expect(error).toMatchObject({ code: 'ERR_STORE_TIMEOUT', indeterminate: true, attempts: 1 })
    await proxy.heal()
    await expect.poll(async () => admin.send('GET', `aa:ratelimit:${key}`)).toBe('1')
    expect(valueOf(await counter.current(key))).toBe(1n)
  })
})

test('an increment that was certainly not sent is tried again', async () => {
  await using proxy = await FaultProxy.open(server().port)
  await proxy.inject({ kind: 'refuse' })
  const counter = (await openBackend(proxy, { retry: { retries: 1 } })).rateLimiter()
  const key = freshKey()
  expect(failureOf(await counter.increment(key, 1n, 60))).toMatchObject({
    code: 'ERR_STORE_UNAVAILABLE',
    reason: 'refused',
    indeterminate: false,
    attempts: 2,
  })
  await proxy.heal()
  expect(valueOf(await counter.increment(key, 1n, 60))).toBe(1n)
})
