// Which driver serves which kind, and every way in which a configuration can be wrong.

import { ConfigError } from 'indelible'
import {
  MemoryPolicyStore,
  MemoryRateLimitCounter,
  RedisPolicyStore,
  RedisRateLimitCounter,
  RedisSessionStore,
  StorageRegistry,
  register,
  registerMemory,
} from 'indelible/storage'
import { describe, expect, test } from 'vitest'

import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { freshId, freshKey, valueOf, watchConnections } from './support/storage.js'

const server = ownServer()

/** Both drivers, and the host's own for the kinds that have no contract here. */
function registry(): StorageRegistry {
  const drivers = new StorageRegistry()
  registerMemory(drivers)
  register(drivers)
  return drivers
    .register('auditSink', 'memory', () => ['audit'])
    .register('credentialStore', 'memory', () => ['credentials'])
    .register('lifecycleStore', 'memory', () => ['lifecycle'])
}

const IN_MEMORY = {
  policyStore: 'memory',
  auditSink: 'memory',
  sessionStore: 'memory',
  credentialStore: 'memory',
  rateLimitCounter: 'memory',
  lifecycleStore: 'memory',
  memory: {},
}

/** The three kinds that `redis` serves, over a server that nothing is asked of before the first operation. */
const IN_REDIS = {
  ...IN_MEMORY,
  policyStore: 'redis',
  sessionStore: 'redis',
  rateLimitCounter: 'redis',
  redis: { url: 'redis://127.0.0.1:1' },
}

async function refusalOf(config: unknown, drivers: StorageRegistry = registry()): Promise<ConfigError> {
  const outcome: unknown = await drivers.boot(config).catch((error: unknown) => error)
  if (outcome instanceof ConfigError) return outcome
  throw new Error('expected a ConfigError', { cause: outcome })
}

test('each kind names its drivers', () => {
  expect(registry().drivers('policyStore')).toEqual(['memory', 'redis'])
  expect(registry().drivers('auditSink')).toEqual(['memory'])
  const empty = new StorageRegistry()
  register(empty)
  expect(
    ['policyStore', 'sessionStore', 'rateLimitCounter'].map((kind) => empty.drivers(kind as never)),
  ).toEqual([['redis'], ['redis'], ['redis']])
  expect(
    ['auditSink', 'credentialStore', 'lifecycleStore'].map((kind) => empty.drivers(kind as never)),
  ).toEqual([[], [], []])
})

test('a mixed configuration boots, and each kind is served by the driver that it names', async () => {
  const config = { ...IN_REDIS, sessionStore: 'memory', redis: { url: server().url } }
  await using storage = await registry().boot(config)
  expect(storage.policyStore).toBeInstanceOf(RedisPolicyStore)
  expect(storage.rateLimitCounter).toBeInstanceOf(RedisRateLimitCounter)
  expect(storage.sessionStore).not.toBeInstanceOf(RedisSessionStore)
  expect([storage.auditSink, storage.credentialStore, storage.lifecycleStore]).toEqual([
    ['audit'],
    ['credentials'],
    ['lifecycle'],
  ])
  const key = freshKey()
  expect(valueOf(await storage.rateLimitCounter.increment(key, 2n, 60))).toBe(2n)
  expect(valueOf(await storage.sessionStore.load(freshId()))).toBeNull()
  await using admin = await connect(server().port)
  expect(await admin.send('GET', `aa:ratelimit:${key}`)).toBe('2')
})

test('the three kinds of one boot share one pool, and closing the storage closes it', async () => {
  const opened = await watchConnections(server())
  const storage = await registry().boot({ ...IN_REDIS, redis: { url: server().url, poolSize: 1 } })
  valueOf(await storage.sessionStore.load(freshId()))
  valueOf(await storage.policyStore.getPolicy(freshId()))
  valueOf(await storage.rateLimitCounter.current(freshKey()))
  expect(await opened()).toHaveLength(1)
  await storage.close()
  await expect.poll(opened).toEqual([])
  expect(await storage.sessionStore.load(freshId())).toMatchObject({ ok: false })
})

test('of two drivers under one name the later one stands', async () => {
  const mine = new MemoryPolicyStore()
  await using storage = await registry()
    .register('policyStore', 'memory', () => mine)
    .boot(IN_MEMORY)
  expect(storage.policyStore).toBe(mine)
})

describe('refused, in the words of the documentation:', () => {
  test('a driver that nobody registered', async () => {
    const error = await refusalOf({ ...IN_MEMORY, policyStore: 'x', x: {} })
    expect(error).toMatchObject({ code: 'ERR_CONFIG_UNKNOWN_KIND', path: 'storage.policyStore' })
    expect(error.message).toContain('unknown policy_store driver "x"; available drivers: [memory, redis]')
  })

  test.each([
    ['auditSink', 'audit_sink'],
    ['credentialStore', 'credential_store'],
    ['lifecycleStore', 'lifecycle_store'],
  ])('redis for %s', async (kind, name) => {
    const error = await refusalOf({ ...IN_REDIS, [kind]: 'redis' })
    expect(error.message).toContain(`unknown ${name} driver "redis"; available drivers: [memory]`)
  })

  test('a driver without its section', async () => {
    const { redis: _, ...config } = IN_REDIS
    const error = await refusalOf(config)
    expect(error.message).toContain(
      'driver "redis" (selected for policy_store) has no [storage.redis] subsection',
    )
  })

  test('a section that its driver refuses', async () => {
    const error = await refusalOf({ ...IN_REDIS, redis: { poolSize: 0 } })
    expect(error).toMatchObject({ code: 'ERR_CONFIG_BUILD_FAILED', path: 'storage.policyStore' })
    expect(error.message).toMatch(/failed to build policy_store driver "redis": storage\.redis\.poolSize: /)
    expect(error.cause).toBeInstanceOf(ConfigError)
  })

  test('a driver that throws, without what it says: that may be a secret', async () => {
    const drivers = registry().register('sessionStore', 'memory', () => {
      throw new Error('hunter2')
    })
    const error = await refusalOf(IN_MEMORY, drivers)
    expect(error.message).toContain('failed to build session_store driver "memory": ')
    expect(error.message).not.toContain('hunter2')
    expect(error.cause).toMatchObject({ message: 'hunter2' })
  })

  test.each(Object.keys(IN_MEMORY).filter((key) => key !== 'memory'))('no %s', async (kind) => {
    const error = await refusalOf({ ...IN_MEMORY, [kind]: undefined })
    expect(error).toMatchObject({ code: 'ERR_CONFIG_MISSING_KIND', path: `storage.${kind}` })
  })

  test.each([
    ['a driver that is no text', { ...IN_MEMORY, auditSink: 5 }, 'storage.auditSink'],
    ['a driver without a name', { ...IN_MEMORY, auditSink: '' }, 'storage.auditSink'],
    ['a section that is no mapping', { ...IN_MEMORY, memory: null }, 'storage.memory'],
    [
      'a section with settings that the driver has not',
      { ...IN_MEMORY, memory: { ttl: 5 } },
      'storage.policyStore',
    ],
    ['null', null, 'storage'],
    ['a list', [], 'storage'],
  ])('%s', async (_, config, path) => {
    expect((await refusalOf(config)).path).toBe(path)
  })

  test('a driver chosen by a polluted prototype', async () => {
    const config: object = Object.create({ policyStore: 'memory' }) as object
    const { policyStore: _, ...own } = IN_MEMORY
    const error = await refusalOf(Object.assign(config, own))
    expect(error.path).toMatch(/^storage/)
  })
})

test('what was built before another driver failed is closed', async () => {
  let closed = 0
  const drivers = registry()
    .register('policyStore', 'memory', async (_, context) => {
      await context.shared('mine', async () => ({ close: async () => void (closed += 1) }))
      return new MemoryPolicyStore()
    })
    .register('lifecycleStore', 'memory', async () => Promise.reject(new Error('no')))
  await refusalOf(IN_MEMORY, drivers)
  expect(closed).toBe(1)
})

test('a section that no kind selects may stay', async () => {
  await using storage = await registry().boot({ ...IN_MEMORY, redis: { url: 'redis://127.0.0.1:1' } })
  expect(storage.rateLimitCounter).toBeInstanceOf(MemoryRateLimitCounter)
})
