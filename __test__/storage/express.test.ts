// The store for express-rate-limit, under the real middleware.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import express from 'express'
import { rateLimit } from 'express-rate-limit'
import { ConfigError } from 'indelible'
import { ExpressRateLimitStore, MemoryRateLimitCounter, type RateLimitCounter } from 'indelible/storage'
import { describe, expect, onTestFinished, test } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { ownServer } from '../support/servers.js'
import { freshKey, openBackend } from './support/storage.js'

const server = ownServer()

/** A server with one limited route; answers its address. */
async function serve(
  counter: RateLimitCounter,
  options: { windowMs: number; limit: number },
): Promise<string> {
  const app = express()
  app.set('env', 'test') // the default error handler then writes nothing to stderr
  const store = new ExpressRateLimitStore(counter, { keyPrefix: freshKey() })
  const client = (request: express.Request): string => request.get('x-client') ?? 'nobody'
  app.use(
    rateLimit({ ...options, store, standardHeaders: 'draft-8', legacyHeaders: false, keyGenerator: client }),
  )
  app.get('/', (_, response) => void response.send('hello'))
  const listener = app.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  onTestFinished(() => void listener.close())
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`
}

const get = async (url: string, client: string = 'alice'): Promise<Response> =>
  fetch(url, { headers: { 'x-client': client } })

describe.each<[string, () => Promise<RateLimitCounter>]>([
  ['in memory', async () => new MemoryRateLimitCounter()],
  ['on a server', async () => (await openBackend(server())).rateLimiter()],
])('%s', (_, open) => {
  test('the limit is reached: 429, with headers, for that client alone', async () => {
    const url = await serve(await open(), { windowMs: 60_000, limit: 2 })
    expect((await get(url)).status).toBe(200)
    const second = await get(url)
    expect(second.status).toBe(200)
    expect(second.headers.get('ratelimit')).toMatch(/r=0; t=\d+/)
    const third = await get(url)
    expect(third.status).toBe(429)
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(50)
    expect(third.headers.get('ratelimit-policy')).toMatch(/q=2; w=60/)
    expect((await get(url, 'bob')).status).toBe(200)
  })

  test('the window rolls over', async () => {
    const url = await serve(await open(), { windowMs: 1_000, limit: 1 })
    expect((await get(url)).status).toBe(200)
    // A machine that stands still for a second is in the next window already.
    await expect.poll(async () => (await get(url)).status).toBe(429)
    await expect.poll(async () => (await get(url)).status).toBe(200)
  })
})

test('two nodes count together', async () => {
  const keyPrefix = freshKey()
  const hits: number[] = []
  for (let node = 0; node < 2; node += 1) {
    const store = new ExpressRateLimitStore((await openBackend(server())).rateLimiter(), { keyPrefix })
    store.init({ windowMs: 60_000, skipFailedRequests: false, skipSuccessfulRequests: false })
    hits.push((await store.increment('alice')).totalHits)
    expect(await store.get('alice')).toEqual({ totalHits: node + 1, resetTime: undefined })
    expect(await store.get('bob')).toBeUndefined()
  }
  expect(hits).toEqual([1, 2])
})

test('a key that is reset begins anew', async () => {
  const store = new ExpressRateLimitStore(new MemoryRateLimitCounter(), { keyPrefix: 'x' })
  store.init({ windowMs: 60_000, skipFailedRequests: false, skipSuccessfulRequests: false })
  const { totalHits, resetTime } = await store.increment('alice')
  expect(totalHits).toBe(1)
  expect(Math.abs(Number(resetTime) - Date.now() - 60_000)).toBeLessThan(2_000)
  await store.resetKey('alice')
  expect((await store.increment('alice')).totalHits).toBe(1)
})

test('the store is down: 503, and 200 when it is back', async () => {
  await using proxy = await FaultProxy.open(server().port)
  const counter = (await openBackend(proxy)).rateLimiter()
  const url = await serve(counter, { windowMs: 60_000, limit: 10 })
  await proxy.inject({ kind: 'refuse' })
  const failed = await get(url)
  expect(failed.status).toBe(503)
  await proxy.heal()
  await expect.poll(async () => (await get(url)).status, { timeout: 5_000 }).toBe(200)
})

describe('options that a fixed window cannot keep', () => {
  test.each([
    ['skipSuccessfulRequests', { windowMs: 1_000, skipSuccessfulRequests: true, skipFailedRequests: false }],
    ['skipFailedRequests', { windowMs: 1_000, skipSuccessfulRequests: false, skipFailedRequests: true }],
    ['windowMs', { windowMs: 1_500, skipSuccessfulRequests: false, skipFailedRequests: false }],
    ['windowMs', { windowMs: 0, skipSuccessfulRequests: false, skipFailedRequests: false }],
  ])('%s: init throws, and nothing is counted from then on', async (path, options) => {
    const counter = new MemoryRateLimitCounter()
    const store = new ExpressRateLimitStore(counter, { keyPrefix: 'x' })
    expect(() => store.init(options)).toThrow(ConfigError)
    expect(() => store.init(options)).toThrow(expect.objectContaining({ path }))
    await expect(store.increment('alice')).rejects.toMatchObject({ path })
    expect(await store.get('alice')).toBeUndefined()
  })

  test('a hit cannot be taken back', async () => {
    const store = new ExpressRateLimitStore(new MemoryRateLimitCounter(), { keyPrefix: 'x' })
    await expect(store.decrement('alice')).rejects.toBeInstanceOf(ConfigError)
  })

  test('a store that no middleware has initialised refuses to count', async () => {
    const store = new ExpressRateLimitStore(new MemoryRateLimitCounter(), { keyPrefix: 'x' })
    await expect(store.increment('alice')).rejects.toBeInstanceOf(ConfigError)
  })

  test.each([[{}], [{ keyPrefix: 5 }], [{ keyPrefix: '\ud800' }], [{ keyPrefix: 'x', prefix: 'y' }]])(
    'the options %j',
    (options) => {
      const make = (): unknown => new ExpressRateLimitStore(new MemoryRateLimitCounter(), options as never)
      expect(make).toThrow(ConfigError)
    },
  )
})
