// The limiter: what it allows, what it says, and what it does when it cannot know.

import { ConfigError } from 'indelible'
import {
  MemoryRateLimitCounter,
  type RateLimitCounter,
  type RateLimitDecision,
  type RateLimiterOptions,
  createRateLimiter,
  rateLimitHeaders,
} from 'indelible/storage'
import { describe, expect, test } from 'vitest'

import { rateLimitKey } from '../../src/storage/rate-limit-key.js'
import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { freshKey, openBackend } from './support/storage.js'

const server = ownServer()

const COUNTERS: readonly [string, () => Promise<RateLimitCounter>][] = [
  ['in memory', async () => new MemoryRateLimitCounter()],
  ['on a server', async () => (await openBackend(server())).rateLimiter()],
]

describe.each(COUNTERS)('%s', (_, open) => {
  test('the limit is reached, refused hits count, and the window does not move', async () => {
    const limiter = createRateLimiter(await open(), { points: 3, windowSecs: 60, keyPrefix: freshKey() })
    const decisions: RateLimitDecision[] = []
    for (let hit = 0; hit < 5; hit += 1) decisions.push(await limiter.consume('alice'))
    expect(decisions.map(({ allowed, reason }) => `${allowed} ${reason}`)).toEqual([
      'true within-limit',
      'true within-limit',
      'true within-limit',
      'false limit-reached',
      'false limit-reached',
    ])
    expect(decisions.map((decision) => 'remaining' in decision && decision.remaining)).toEqual([
      2, 1, 0, 0, 0,
    ])
    const [first, , third, fourth] = decisions
    expect(first).toMatchObject({ limit: 3, retryAfterMs: 0 })
    if (third?.reason !== 'within-limit' || fourth?.reason !== 'limit-reached') throw new Error('as above')
    expect(fourth.retryAfterMs).toBe(fourth.resetMs)
    expect(fourth.resetMs).toBeLessThanOrEqual(third.resetMs)
    expect(fourth.resetMs).toBeGreaterThan(50_000)
    expect(await limiter.consume('bob')).toMatchObject({ allowed: true, remaining: 2 })
  })

  test('the window rolls over', async () => {
    const limiter = createRateLimiter(await open(), { points: 1, windowSecs: 1, keyPrefix: freshKey() })
    expect(await limiter.consume('alice')).toMatchObject({ allowed: true })
    let refused = await limiter.consume('alice')
    // A machine that stands still for a second is in the next window already.
    while (refused.reason === 'within-limit') refused = await limiter.consume('alice')
    if (refused.reason !== 'limit-reached') throw new Error(`expected a refusal, found ${refused.reason}`)
    const { retryAfterMs } = refused
    await new Promise((resolve) => setTimeout(resolve, retryAfterMs + 50)) // as a client would
    expect(await limiter.consume('alice')).toMatchObject({ allowed: true, remaining: 0 })
  })

  test('several points at once, and a reset', async () => {
    const limiter = createRateLimiter(await open(), { points: 10, windowSecs: 60, keyPrefix: freshKey() })
    expect(await limiter.consume('alice', 7)).toMatchObject({ allowed: true, remaining: 3 })
    expect(await limiter.consume('alice', 4)).toMatchObject({ allowed: false, remaining: 0 })
    expect(await limiter.reset('alice')).toEqual({ ok: true })
    expect(await limiter.consume('alice', 10)).toMatchObject({ allowed: true, remaining: 0 })
  })

  test('of 100 concurrent hits exactly the limit is allowed', async () => {
    const limiter = createRateLimiter(await open(), { points: 42, windowSecs: 60, keyPrefix: freshKey() })
    const decisions = await Promise.all(Array.from({ length: 100 }, () => limiter.consume('alice')))
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(42)
  })

  test('keys of several parts do not meet, whatever a part contains', async () => {
    const counter = await open()
    const [keyPrefix, longer] = [freshKey(), freshKey()]
    const limiter = createRateLimiter(counter, { points: 1, windowSecs: 60, keyPrefix })
    const keys = [
      ['a', 'b:c'],
      ['a:b', 'c'],
      ['a', '', 'b:c'],
      ['ab', 'c'],
      ['a', 'bc'],
      'abc',
      '1:a1:b',
      ['é'],
    ]
    for (const key of keys)
      expect(await limiter.consume(key), JSON.stringify(key)).toMatchObject({ allowed: true })
    for (const key of keys)
      expect(await limiter.consume(key), JSON.stringify(key)).toMatchObject({ allowed: false })
    // A prefix is a part as well.
    const joined = createRateLimiter(counter, { points: 1, windowSecs: 60, keyPrefix: `${longer}:x` })
    const apart = createRateLimiter(counter, { points: 1, windowSecs: 60, keyPrefix: longer })
    expect(await joined.consume('y')).toMatchObject({ allowed: true })
    expect(await apart.consume(['x', 'y'])).toMatchObject({ allowed: true })
  })
})

describe('keys', () => {
  test('say how long each part is', () => {
    expect(rateLimitKey(['tenant-1', 'é', ''])).toBe('8:tenant-12:é0:')
  })

  test('are bounded, whatever a client sends, and still apart', () => {
    const long = 'x'.repeat(100_000)
    const keys = [long, `${long}y`, 'é'.repeat(300)].map((part) => rateLimitKey(['p', part]))
    expect(new Set(keys).size).toBe(3)
    for (const key of keys) expect(key).toMatch(/^sha256:[0-9a-f]{64}$/)
    const [first] = keys
    if (typeof first !== 'string') throw new Error('as above')
    expect(rateLimitKey([first])).not.toBe(first)
  })

  test('the server sees them under the prefix of the driver', async () => {
    const counter = (await openBackend(server())).rateLimiter()
    await using admin = await connect(server().port)
    const limiter = createRateLimiter(counter, { points: 5, windowSecs: 60, keyPrefix: 'api' })
    await limiter.consume(['tenant-1', '127.0.0.1'], 2)
    expect(await admin.send('GET', 'aa:ratelimit:3:api8:tenant-19:127.0.0.1')).toBe('2')
  })
})

describe('a store that fails', () => {
  const options = { points: 3, windowSecs: 60, keyPrefix: 'x' }

  test('denies, and is told apart from a refusal', async () => {
    const counter = (await openBackend({ url: 'redis://127.0.0.1:1' })).rateLimiter()
    const decision = await createRateLimiter(counter, options).consume('alice')
    expect(decision).toMatchObject({ allowed: false, reason: 'store-failed', limit: 3 })
    if (decision.reason === 'store-failed') expect(decision.error.code).toBe('ERR_STORE_UNAVAILABLE')
    expect(Object.keys(decision).sort()).toEqual(['allowed', 'error', 'limit', 'reason'])
  })

  test('allows only where that was asked for', async () => {
    const counter = (await openBackend({ url: 'redis://127.0.0.1:1' })).rateLimiter()
    const limiter = createRateLimiter(counter, { ...options, onStoreError: 'allow' })
    expect(await limiter.consume('alice')).toMatchObject({ allowed: true, reason: 'store-failed' })
  })

  test.each([[5], [[]], [['\ud800']], [[5]], [undefined]])(
    'a key that is none (%j) is never allowed',
    async (key) => {
      const limiter = createRateLimiter(new MemoryRateLimitCounter(), { ...options, onStoreError: 'allow' })
      const decision = await limiter.consume(key as never)
      expect(decision).toMatchObject({ allowed: false, reason: 'store-failed' })
      if (decision.reason === 'store-failed') expect(decision.error.code).toBe('ERR_STORE_INVALID_ARGUMENT')
      expect(await limiter.reset(key as never)).toMatchObject({ ok: false })
    },
  )

  test.each([0, -1, 1.5, Number.NaN])('points that are none (%j) are never allowed', async (points) => {
    const limiter = createRateLimiter(new MemoryRateLimitCounter(), { ...options, onStoreError: 'allow' })
    expect(await limiter.consume('alice', points)).toMatchObject({ allowed: false, reason: 'store-failed' })
    expect(await limiter.consume('alice')).toMatchObject({ allowed: true, remaining: 2 })
  })
})

describe('header fields', () => {
  const limiter = createRateLimiter(new MemoryRateLimitCounter(), {
    points: 2,
    windowSecs: 60,
    keyPrefix: 'x',
    name: 'per "user"',
  })

  test('while there is something left', async () => {
    expect(limiter.headers(await limiter.consume('alice'))).toEqual({
      'RateLimit-Policy': String.raw`"per \"user\"";q=2;w=60`,
      RateLimit: String.raw`"per \"user\"";r=1;t=60`,
    })
  })

  test('when the limit is reached', () => {
    const decision = { limit: 2, remaining: 0, resetMs: 1_001, retryAfterMs: 1_001 }
    const headers = rateLimitHeaders(
      { allowed: false, reason: 'limit-reached', ...decision },
      { name: 'default', windowSecs: 5 },
    )
    expect(headers).toEqual({
      'RateLimit-Policy': '"default";q=2;w=5',
      RateLimit: '"default";r=0;t=2',
      'Retry-After': '2',
    })
  })

  test('of a store that failed say nothing that is not known', async () => {
    const counter = (await openBackend({ url: 'redis://127.0.0.1:1' })).rateLimiter()
    const failing = createRateLimiter(counter, { points: 2, windowSecs: 60, keyPrefix: 'x' })
    expect(failing.headers(await failing.consume('alice'))).toEqual({
      'RateLimit-Policy': '"default";q=2;w=60',
    })
  })
})

describe('options that are refused', () => {
  const good: RateLimiterOptions = { points: 1, windowSecs: 1, keyPrefix: 'x' }
  test.each<[string, object, string]>([
    ['no points', { ...good, points: 0 }, 'options.points'],
    ['half a point', { ...good, points: 0.5 }, 'options.points'],
    ['points beyond what is exact', { ...good, points: 2 ** 53 }, 'options.points'],
    ['no window', { ...good, windowSecs: 0 }, 'options.windowSecs'],
    ['a window beyond the server', { ...good, windowSecs: 2 ** 31 + 1 }, 'options.windowSecs'],
    ['no prefix', { points: 1, windowSecs: 1 }, 'options.keyPrefix'],
    ['a prefix that is no text', { ...good, keyPrefix: '\ud800' }, 'options.keyPrefix'],
    [
      'a policy for failures that does not exist',
      { ...good, onStoreError: 'ignore' },
      'options.onStoreError',
    ],
    ['a name that no header can hold', { ...good, name: 'ünï' }, 'options.name'],
    ['a misspelt option', { ...good, windowSec: 1 }, 'options.windowSec'],
  ])('%s', (_, options, path) => {
    const make = (): unknown => createRateLimiter(new MemoryRateLimitCounter(), options as RateLimiterOptions)
    expect(make).toThrow(ConfigError)
    expect(make).toThrow(expect.objectContaining({ path }))
  })
})
