// The store for @fastify/rate-limit, under the real plugin.

import { fastifyRateLimit } from '@fastify/rate-limit'
import { type FastifyInstance, fastify } from 'fastify'
import { ConfigError } from 'indelible'
import { MemoryRateLimitCounter, type RateLimitCounter, fastifyRateLimitStore } from 'indelible/storage'
import { describe, expect, onTestFinished, test } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { ownServer } from '../support/servers.js'
import { freshKey, openBackend } from './support/storage.js'

const server = ownServer()

const keyGenerator = (request: { readonly headers: NodeJS.Dict<string | string[]> }): string =>
  String(request.headers['x-client'])

/** An application with two limited routes, one of them with settings of its own. */
async function serve(
  counter: RateLimitCounter,
  options: { timeWindow: number; max: number },
): Promise<FastifyInstance> {
  const app = fastify()
  onTestFinished(() => app.close())
  const store = fastifyRateLimitStore(counter, { keyPrefix: freshKey() })
  await app.register(fastifyRateLimit, { ...options, store, keyGenerator, enableDraftSpec: true })
  app.get('/', async () => 'hello')
  app.get('/strict', { config: { rateLimit: { max: 1, timeWindow: 60_000 } } }, async () => 'hello')
  return app
}

async function get(app: FastifyInstance, url: string = '/', client: string = 'alice') {
  return app.inject({ url, headers: { 'x-client': client } })
}

describe.each<[string, () => Promise<RateLimitCounter>]>([
  ['in memory', async () => new MemoryRateLimitCounter()],
  ['on a server', async () => (await openBackend(server())).rateLimiter()],
])('%s', (_, open) => {
  test('the limit is reached: 429, with headers, for that client alone', async () => {
    const app = await serve(await open(), { timeWindow: 60_000, max: 2 })
    expect((await get(app)).statusCode).toBe(200)
    const second = await get(app)
    expect(second.statusCode).toBe(200)
    expect(second.headers).toMatchObject({ 'ratelimit-limit': '2', 'ratelimit-remaining': '0' })
    const third = await get(app)
    expect(third.statusCode).toBe(429)
    expect(Number(third.headers['retry-after'])).toBeGreaterThan(50)
    expect((await get(app, '/', 'bob')).statusCode).toBe(200)
  })

  test('a route with settings of its own counts for itself', async () => {
    const app = await serve(await open(), { timeWindow: 60_000, max: 2 })
    expect((await get(app, '/strict')).statusCode).toBe(200)
    expect((await get(app, '/strict')).statusCode).toBe(429)
    expect((await get(app)).statusCode).toBe(200)
    expect((await get(app)).statusCode).toBe(200)
  })

  test('the window rolls over', async () => {
    const app = await serve(await open(), { timeWindow: 1_000, max: 1 })
    expect((await get(app)).statusCode).toBe(200)
    // A machine that stands still for a second is in the next window already.
    await expect.poll(async () => (await get(app)).statusCode).toBe(429)
    await expect.poll(async () => (await get(app)).statusCode).toBe(200)
  })
})

test('the store is down: 503, and 200 when it is back', async () => {
  await using proxy = await FaultProxy.open(server().port)
  const app = await serve((await openBackend(proxy)).rateLimiter(), { timeWindow: 60_000, max: 10 })
  await proxy.inject({ kind: 'refuse' })
  const failed = await get(app)
  expect(failed.statusCode).toBe(503)
  expect(failed.body).not.toContain('127.0.0.1')
  await proxy.heal()
  await expect.poll(async () => (await get(app)).statusCode, { timeout: 5_000 }).toBe(200)
})

test('a key that is no text is the client’s fault: 400', async () => {
  const app = fastify()
  onTestFinished(() => app.close())
  const store = fastifyRateLimitStore(new MemoryRateLimitCounter(), { keyPrefix: 'x' })
  await app.register(fastifyRateLimit, { max: 1, timeWindow: 1_000, store, keyGenerator: () => '\ud800' })
  app.get('/', async () => 'hello')
  expect((await get(app)).statusCode).toBe(400)
})

describe('settings that a fixed window cannot keep', () => {
  test.each([
    ['continueExceeding', { continueExceeding: true }],
    ['exponentialBackoff', { exponentialBackoff: true }],
    ['timeWindow', { timeWindow: 1_500 }],
  ])('%s stops the start', async (path, settings) => {
    const app = fastify()
    onTestFinished(() => app.close())
    const store = fastifyRateLimitStore(new MemoryRateLimitCounter(), { keyPrefix: 'x' })
    const registered = Promise.resolve(app.register(fastifyRateLimit, { ...settings, store }))
    await expect(registered).rejects.toBeInstanceOf(ConfigError)
    await expect(registered).rejects.toMatchObject({ path })
  })

  test('a window that only a request tells fails that request', async () => {
    const app = fastify()
    onTestFinished(() => app.close())
    const store = fastifyRateLimitStore(new MemoryRateLimitCounter(), { keyPrefix: 'x' })
    await app.register(fastifyRateLimit, { timeWindow: () => 10, max: 1, store })
    app.get('/', async () => 'hello')
    expect((await get(app)).statusCode).toBe(500)
  })

  test('options without a prefix', () => {
    expect(() => fastifyRateLimitStore(new MemoryRateLimitCounter(), {} as never)).toThrow(ConfigError)
  })
})
