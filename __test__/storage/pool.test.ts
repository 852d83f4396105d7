// One pool under all stores: its configuration, its connections and its end.

import { inspect } from 'node:util'

import { ConfigError } from 'indelible'
import {
  type RedisStorageConfig,
  RedisBackend,
  RedisPolicyStore,
  RedisRateLimitCounter,
  RedisSessionStore,
  buildPool,
} from 'indelible/storage'
import { describe, expect, test } from 'vitest'

import { startServer } from '../../scripts/test-server.mjs'
import { ownServer } from '../support/servers.js'
import { failureOf, freshId, freshKey, openBackend, valueOf, watchConnections } from './support/storage.js'

const server = ownServer()

const NOWHERE = { url: 'redis://127.0.0.1:1' }

test('connecting dials nothing', async () => {
  const opened = await watchConnections(server())
  const backend = await openBackend(server())
  expect(backend.health()).toMatchObject({ state: 'idle' })
  expect(await opened()).toEqual([])
  expect((await openBackend(NOWHERE)).health()).toMatchObject({ state: 'idle' })
})

test('three stores share the connections of one pool', async () => {
  const opened = await watchConnections(server())
  const backend = await openBackend(server(), { poolSize: 3 })
  const [sessions, counter, policies] = [backend.sessions(), backend.rateLimiter(), backend.policies()]
  for (let turn = 0; turn < 20; turn += 1) {
    const results = await Promise.all([
      ...Array.from({ length: 20 }, () => sessions.load(freshId())),
      ...Array.from({ length: 20 }, () => counter.increment(freshKey(), 1n, 60)),
      ...Array.from({ length: 20 }, () => policies.getPolicy(freshId())),
    ])
    for (const result of results) expect(result.ok).toBe(true)
  }
  const { length } = await opened()
  expect(length).toBeGreaterThan(0)
  expect(length).toBeLessThanOrEqual(3)
  await backend.close()
  await expect.poll(opened).toEqual([])
})

test('each store can be built over a pool of the caller', async () => {
  await using pool = await buildPool({ url: server().url })
  expect(valueOf(await new RedisSessionStore(pool).load(freshId()))).toBeNull()
  expect(valueOf(await new RedisRateLimitCounter(pool).current(freshKey()))).toBe(0n)
  expect(valueOf(await new RedisPolicyStore(pool).getPolicy(freshId()))).toBeNull()
})

test('a closed backend refuses every call at once, before it looks at the arguments', async () => {
  const backend = await openBackend(server())
  const [sessions, counter, policies] = [backend.sessions(), backend.rateLimiter(), backend.policies()]
  const under = counter.increment(freshKey(), 1n, 60)
  const closing = backend.close()
  const refused = await Promise.all([
    sessions.save({} as never),
    sessions.load(''),
    sessions.delete(''),
    counter.increment('', 0n, 0),
    counter.current(''),
    counter.reset(''),
    policies.getPolicy(''),
    policies.cachePolicy('', {} as never),
    policies.invalidate(''),
  ])
  for (const result of refused)
    expect(failureOf(result)).toMatchObject({ code: 'ERR_STORE_CLOSED', attempts: 0 })
  expect(typeof (await under).ok).toBe('boolean')
  await closing
  await backend.close()
  expect(backend.health()).toEqual({ state: 'closed' })
})

describe('a configuration that is refused', () => {
  const SECRET = 'hunter2-do-not-tell'
  test.each<[string, unknown, string]>([
    ['no connections', { poolSize: 0 }, 'storage.redis.poolSize'],
    ['half a connection', { poolSize: 1.5 }, 'storage.redis.poolSize'],
    ['an unknown key', { pool_size: 3 }, 'storage.redis.pool_size'],
    ['plaintext to a host that is not this one', { url: 'redis://db.example:6379' }, 'storage.redis.url'],
    ['a host hidden behind a query', { url: 'redis://evil.example:6379?x=@localhost' }, 'storage.redis.url'],
    ['TLS over a plaintext URL', { url: 'redis://127.0.0.1', tls: true }, 'storage.redis.tls'],
    [
      'credentials twice',
      { url: `redis://:${SECRET}@127.0.0.1`, password: SECRET },
      'storage.redis.password',
    ],
    ['a user without a password', { username: 'app' }, 'storage.redis.username'],
    ['a port that is none', { url: 'redis://127.0.0.1:99999' }, 'storage.redis.url'],
    ['a time-out of 0', { commandTimeoutMs: 0 }, 'storage.redis.commandTimeoutMs'],
    ['null', null, 'storage.redis'],
    ['text', 'redis://127.0.0.1', 'storage.redis'],
    ['a function', { url: () => '' }, 'storage.redis.url'],
  ])('%s', async (_, config, path) => {
    const error: unknown = await RedisBackend.connect(config as RedisStorageConfig).catch(
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).path).toBe(path)
    expect(inspect(error, { depth: 9 })).not.toContain(SECRET)
  })
})

test('a password is in no error and in no inspection', async () => {
  const secret = 'hunter2-do-not-tell'
  await using own = await startServer({ config: { requirepass: 'another' } })
  const backend = await openBackend(own, { password: secret })
  const error = failureOf(await backend.sessions().load(freshId()))
  expect(error).toMatchObject({ code: 'ERR_STORE_ACCESS', reason: 'auth' })
  for (const shown of [error, backend, backend.pool, backend.sessions(), backend.health()]) {
    expect(inspect(shown, { depth: 9, showHidden: true })).not.toContain(secret)
    expect(JSON.stringify(shown)).not.toContain(secret)
  }
})
