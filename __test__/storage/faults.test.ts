// Whatever happens to the server or the network, every operation ends in time, as an error of the right type.

import type { StoreError } from 'indelible'
import { type PolicyDocument, type RedisBackend, type StorageResult } from 'indelible/storage'
import { describe, expect, test } from 'vitest'

import { startServer } from '../../scripts/test-server.mjs'
import { FaultProxy } from '../support/fault-proxy.js'
import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { DEADLINE_MS, failureOf, freshId, freshKey, openBackend, valueOf } from './support/storage.js'

const server = ownServer()

/** What a busy machine may add to a bound that is measured from outside, in milliseconds. */
const SLACK_MS = 500

const POLICY: PolicyDocument = { version: 1, name: 'n', rules: [], enforcementMode: 'enforce' }

type Operation = (backend: RedisBackend) => Promise<StorageResult<unknown>>

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'save-session': (backend) =>
    backend.sessions().save({ sessionId: freshId(), agentId: freshId(), startedAtNs: 1n }),
  'load-session': (backend) => backend.sessions().load(freshId()),
  'delete-session': (backend) => backend.sessions().delete(freshId()),
  increment: (backend) => backend.rateLimiter().increment(freshKey(), 1n, 60),
  current: (backend) => backend.rateLimiter().current(freshKey()),
  reset: (backend) => backend.rateLimiter().reset(freshKey()),
  'get-policy': (backend) => backend.policies().getPolicy(freshId()),
  'cache-policy': (backend) => backend.policies().cachePolicy(freshId(), POLICY),
  'invalidate-policy': (backend) => backend.policies().invalidate(freshId()),
}
const READS = new Set(['load-session', 'current', 'get-policy'])
/** Those that make the data grow. */
const GROWING = new Set(['save-session', 'increment', 'cache-policy'])

const ALL = Object.entries(OPERATIONS)

/** The error of an operation that must fail within the deadline. */
async function failureInTime(operation: Operation, backend: RedisBackend): Promise<StoreError> {
  const start = performance.now()
  const error = failureOf(await operation(backend))
  expect(performance.now() - start).toBeLessThan(DEADLINE_MS + SLACK_MS)
  expect(error.elapsedMs).toBeLessThanOrEqual(DEADLINE_MS)
  return error
}

describe.each(ALL)('%s', (name, operation) => {
  test('nothing listens', async () => {
    const backend = await openBackend({ url: 'redis://127.0.0.1:1' })
    expect(await failureInTime(operation, backend)).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      reason: 'refused',
      operation: name,
      indeterminate: false,
      retryable: true,
    })
  })

  test('the server accepts and says nothing', async () => {
    await using proxy = await FaultProxy.open(server().port)
    await proxy.inject({ kind: 'hang' })
    const backend = await openBackend(proxy)
    expect(await failureInTime(operation, backend)).toMatchObject({
      code: 'ERR_STORE_TIMEOUT',
      operation: name,
      indeterminate: false,
    })
  })

  test('the network swallows the answer', async () => {
    await using proxy = await FaultProxy.open(server().port)
    const backend = await openBackend(proxy)
    valueOf(await backend.rateLimiter().current(freshKey()))
    await proxy.inject({ kind: 'blackHole', direction: 'toClient' })
    const error = await failureInTime(operation, backend)
    expect(error).toMatchObject({ code: 'ERR_STORE_TIMEOUT', operation: name })
    expect(error.indeterminate).toBe(!READS.has(name))
    await proxy.heal()
    await expect.poll(async () => (await operation(backend)).ok, { timeout: 5_000 }).toBe(true)
  })

  test('the connection is reset and the server comes back', async () => {
    await using proxy = await FaultProxy.open(server().port)
    const backend = await openBackend(proxy)
    valueOf(await backend.rateLimiter().current(freshKey()))
    await proxy.inject({ kind: 'reset' })
    const error = await failureInTime(operation, backend)
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', operation: name })
    await proxy.heal()
    await expect.poll(async () => (await operation(backend)).ok, { timeout: 5_000 }).toBe(true)
  })
})

describe('a server that refuses', () => {
  test.each(ALL)('access: %s', async (name, operation) => {
    await using own = await startServer({ config: { requirepass: 'right' } })
    const backend = await openBackend(own, { password: 'wrong' })
    expect(await failureInTime(operation, backend)).toMatchObject({
      code: 'ERR_STORE_ACCESS',
      reason: 'auth',
      operation: name,
      retryable: false,
    })
  })

  test('everything, to a user without permissions', async () => {
    await using own = await startServer()
    await using admin = await connect(own.port)
    await admin.send(
      'ACL',
      'SETUSER',
      'app',
      'on',
      '>right',
      '-@all',
      '+info',
      '+client|setname',
      '+multi',
      '+exec',
    )
    const backend = await openBackend(own, { username: 'app', password: 'right' })
    for (const [name, operation] of ALL) {
      expect(await failureInTime(operation, backend), name).toMatchObject({
        code: 'ERR_STORE_ACCESS',
        reason: 'permission',
        serverCode: 'NOPERM',
        operation: name,
        indeterminate: false,
      })
    }
  })

  test('nothing, to a user with the permissions of the documentation', async () => {
    await using own = await startServer()
    await using admin = await connect(own.port)
    const commands =
      'hset hmget expire del get set incrby pttl multi exec info client|setname client|tracking'
    const rules = commands.split(' ').map((command) => `+${command}`)
    if (own.kind === 'valkey') rules.push('+client|setinfo') // which Redis 7.0 does not know
    await admin.send(
      'ACL',
      'SETUSER',
      'app',
      'on',
      '>right',
      'resetkeys',
      'resetchannels',
      '-@all',
      '~aa:*',
      ...rules,
    )
    const backend = await openBackend(own, { username: 'app', password: 'right', trackPolicies: true })
    for (const [name, operation] of ALL) expect(await operation(backend), name).toMatchObject({ ok: true })
    expect(await admin.send('ACL', 'LOG')).toEqual([])
  })

  test('writes, as a replica does', async () => {
    await using own = await startServer()
    await using admin = await connect(own.port)
    const backend = await openBackend(own, { breaker: { failures: 1_000 } })
    valueOf(await backend.rateLimiter().current(freshKey()))
    await admin.send('REPLICAOF', '127.0.0.1', '1')
    for (const [name, operation] of ALL.filter(([each]) => !READS.has(each))) {
      const error = await failureInTime(operation, backend)
      expect(error, name).toMatchObject({
        code: 'ERR_STORE_NOT_PRIMARY',
        operation: name,
        indeterminate: false,
      })
    }
  })

  test('what would make it grow, at its limit of memory', async () => {
    await using own = await startServer()
    await using admin = await connect(own.port)
    const backend = await openBackend(own)
    valueOf(await backend.rateLimiter().current(freshKey()))
    await admin.send('CONFIG', 'SET', 'maxmemory', '1')
    for (const [name, operation] of ALL) {
      if (!GROWING.has(name)) expect(await operation(backend), name).toMatchObject({ ok: true })
      else {
        expect(await failureInTime(operation, backend), name).toMatchObject({
          code: 'ERR_STORE_OUT_OF_MEMORY',
          operation: name,
          indeterminate: false,
        })
      }
    }
    expect(await admin.send('KEYS', 'aa:*')).toEqual([])
  })
})

test('a server that is frozen: everything fails in time, and works again when it thaws', async () => {
  await using own = await startServer()
  const backend = await openBackend(own)
  valueOf(await backend.rateLimiter().current(freshKey()))
  own.freeze()
  const errors = await Promise.all(ALL.map(async ([, operation]) => failureInTime(operation, backend)))
  for (const error of errors) expect(error.code).toMatch(/^ERR_STORE_(?:TIMEOUT|CIRCUIT_OPEN)$/)
  own.thaw()
  for (const [name, operation] of ALL) {
    await expect.poll(async () => (await operation(backend)).ok, { timeout: 5_000, message: name }).toBe(true)
  }
})

test('a server that restarts: everything works again without a new backend', async () => {
  await using own = await startServer()
  const backend = await openBackend(own)
  for (const [, operation] of ALL) valueOf(await operation(backend))
  await own.restart()
  for (const [name, operation] of ALL) {
    await expect.poll(async () => (await operation(backend)).ok, { timeout: 5_000, message: name }).toBe(true)
  }
})

test('an outage opens the breaker: calls are refused at once instead of waiting', async () => {
  await using proxy = await FaultProxy.open(server().port)
  await proxy.inject({ kind: 'hang' })
  const backend = await openBackend(proxy, { retry: { retries: 0 } })
  await Promise.all(Array.from({ length: 8 }, () => backend.rateLimiter().increment(freshKey(), 1n, 60)))
  await expect
    .poll(async () => failureOf(await backend.rateLimiter().current(freshKey())).code)
    .toBe('ERR_STORE_CIRCUIT_OPEN')
})
