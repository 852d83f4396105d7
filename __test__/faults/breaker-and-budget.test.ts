// What keeps an outage from being multiplied: the breaker and the retry budget (docs/compatibility.md, "defaults").

import { randomUUID } from 'node:crypto'

import { type LoadResult, type SessionStore, ValkeySessionStore } from 'indelible'
import { describe, expect, test } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { type RespClient, connect } from '../support/resp.js'
import { ownServer, startServer } from '../support/servers.js'
import { Recording } from '../valkey/support/recording.js'
import { failureOf, keyOf, labelsOf, openStore, recovered } from '../valkey/support/store.js'

const server = ownServer()

const OPEN = { code: 'ERR_STORE_CIRCUIT_OPEN', attempts: 0, indeterminate: false, retryable: true }

async function openObservable(endpoint: string, settings: object = {}): Promise<ValkeySessionStore> {
  return ValkeySessionStore.open({ kind: 'valkey', endpoint, ...settings })
}

/** How many commands of that name the server has run. */
async function calls(admin: RespClient, command: string): Promise<number> {
  const stats = String(await admin.send('INFO', 'commandstats'))
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
}

/** Fails `count` loads, one after the other. */
async function fail(store: SessionStore, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    expect(failureOf(await store.loadLabels(randomUUID())).code).not.toBe(OPEN.code)
  }
}

describe('the breaker', () => {
  test('opens on the fifth failure in a row, and then nothing is sent and the answer is at once', async () => {
    using states = new Recording('indelible:state')
    await using proxy = await FaultProxy.open(server().port)
    await using store = await openObservable(proxy.url, { breaker: { openMs: 30_000 } })
    labelsOf(await store.loadLabels(randomUUID()))
    await proxy.inject({ kind: 'reset' })
    await fail(store, 4)
    expect(store.health().breaker).toBe('closed')
    await fail(store, 1)
    expect(store.health().breaker).toBe('open')
    expect(states.named('breaker_opened')).toEqual([
      { name: 'breaker_opened', kind: 'valkey', forMs: expect.any(Number) },
    ])

    const [connections, bytes] = [proxy.connections, proxy.bytes.toServer]
    const answers: number[] = []
    for (let n = 0; n < 200; n++) {
      const error = failureOf(await store.loadLabels(randomUUID()))
      expect(error).toMatchObject(OPEN)
      answers.push(error.elapsedMs)
    }
    answers.sort((a, b) => a - b)
    // A quarter of them at least: the others may have waited for a processor.
    expect(answers[50]).toBeLessThan(1)
    expect([proxy.connections, proxy.bytes.toServer]).toEqual([connections, bytes])
  })

  test('does not open while failures are not in a row', async () => {
    await using proxy = await FaultProxy.open(server().port)
    await using store = await openObservable(proxy.url)
    for (let round = 0; round < 3; round++) {
      await proxy.inject({ kind: 'reset' })
      await fail(store, 4)
      await proxy.heal()
      await recovered(store, randomUUID())
    }
    expect(store.health().breaker).toBe('closed')
  })

  test('lets exactly one operation through when it is half open, which is a real load', async () => {
    using states = new Recording('indelible:state')
    await using own = await startServer()
    await using admin = await connect(own.port)
    await using proxy = await FaultProxy.open(own.port)
    await using store = await openObservable(proxy.url, { breaker: { openMs: 300 } })
    labelsOf(await store.loadLabels(randomUUID()))
    await proxy.inject({ kind: 'reset' })
    await fail(store, 5)
    await proxy.heal()
    const before = await calls(admin, 'smembers')

    let results: LoadResult[] = []
    await expect
      .poll(
        async () => {
          results = await Promise.all(Array.from({ length: 50 }, async () => store.loadLabels(randomUUID())))
          return results.some(({ ok }) => ok)
        },
        { interval: 5 },
      )
      .toBe(true)
    expect(results.filter(({ ok }) => ok)).toHaveLength(1)
    for (const result of results.filter(({ ok }) => !ok)) expect(failureOf(result)).toMatchObject(OPEN)
    expect((await calls(admin, 'smembers')) - before).toBe(1)
    expect(states.events.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['breaker_opened', 'breaker_half_open', 'breaker_closed']),
    )
    expect(store.health().breaker).toBe('closed')
  })

  test('stays open twice as long when that one fails, up to its limit', async () => {
    using states = new Recording('indelible:state')
    await using proxy = await FaultProxy.open(server().port)
    await proxy.inject({ kind: 'reset' })
    await using store = await openObservable(proxy.url, { breaker: { openMs: 50, maxOpenMs: 200 } })
    await expect
      .poll(
        async () => {
          await store.loadLabels(randomUUID())
          return states.named('breaker_opened').length
        },
        { interval: 2 },
      )
      .toBe(5)
    for (const [n, nominal] of [50, 100, 200, 200, 200].entries()) {
      const { forMs } = states.named('breaker_opened')[n] ?? {}
      expect(forMs).toBeGreaterThanOrEqual(Math.floor(nominal * 0.8))
      expect(forMs).toBeLessThanOrEqual(Math.ceil(nominal * 1.2))
    }
  })

  test.each<readonly [string, (admin: RespClient, session: string) => Promise<unknown>, string]>([
    ['a foreign value', (admin, session) => admin.send('SET', keyOf(session), 'x'), 'ERR_STORE_UNDECODABLE'],
    ['a full server', (admin) => admin.send('CONFIG', 'SET', 'maxmemory', '1'), 'ERR_STORE_OUT_OF_MEMORY'],
    ['a right that is missing', (admin) => admin.send('ACL', 'SETUSER', 'app', '-sadd'), 'ERR_STORE_ACCESS'],
    ['a lost keyspace', (admin) => admin.send('FLUSHALL'), 'ERR_STORE_KEYSPACE_LOST'],
  ])('never opens for %s', async (_, spoil, code) => {
    await using own = await startServer()
    await using admin = await connect(own.port)
    await admin.send('ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '+@all')
    await using store = await openObservable(own.url, { username: 'app', password: 'pw' })
    const session = randomUUID()
    labelsOf(await store.loadLabels(session))
    await spoil(admin, session)
    for (let n = 0; n < 100; n++) {
      expect(failureOf(await store.appendLabels(session, ['PII'])).code).toBe(code)
    }
    expect(store.health().breaker).toBe('closed')
  })
})

test('retries are paid from a budget that successes fill again', async () => {
  await using proxy = await FaultProxy.open(server().port)
  const budget = { capacity: 10, cost: 5, timeoutCost: 10, refund: 1 }
  await using store = await openStore(proxy, { retry: { budget }, breaker: { failures: 1_000 } })
  labelsOf(await store.loadLabels(randomUUID()))
  const attempts = async (count: number): Promise<number[]> => {
    await proxy.inject({ kind: 'reset' })
    const taken: number[] = []
    for (let n = 0; n < count; n++) taken.push(failureOf(await store.loadLabels(randomUUID())).attempts)
    await proxy.heal()
    return taken
  }
  expect(await attempts(5)).toEqual([2, 2, 1, 1, 1])
  await recovered(store, randomUUID()) // two successes at least
  for (let n = 0; n < 3; n++) labelsOf(await store.loadLabels(randomUUID()))
  expect(await attempts(3)).toEqual([2, 1, 1])
})
