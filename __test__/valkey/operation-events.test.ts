// What the diagnostics channels carry: how it went, and neither a session id nor a label nor a secret.

import { createHash, randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { ownServer } from '../support/servers.js'
import { Recording } from './support/recording.js'
import { failureOf, labelsOf, openStore } from './support/store.js'

const server = ownServer()

test('operations that reach the labels are published when they end, the refused ones are not', async () => {
  using operations = new Recording('indelible:operation')
  await using store = await openStore(server())
  const session = randomUUID()
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
  expect(await store.appendLabels(session, [])).toEqual({ ok: true })
  failureOf(await store.loadLabels(''))
  const shared = { name: 'session_store_operation', kind: 'valkey', ok: true, attempts: 1 }
  expect(operations.events).toEqual([
    { ...shared, op: 'append', elapsedMs: expect.any(Number) },
    { ...shared, op: 'load', elapsedMs: expect.any(Number) },
  ])
  for (const { elapsedMs } of operations.events) expect(elapsedMs).toBeGreaterThan(0)
})

test('a failure is published with its code, reason and number of attempts', async () => {
  using operations = new Recording('indelible:operation')
  await using store = await openStore({ url: 'redis://127.0.0.1:1' })
  const error = failureOf(await store.loadLabels(randomUUID()))
  const { code, reason, attempts } = error
  expect({ code, reason, attempts }).toEqual({
    code: 'ERR_STORE_UNAVAILABLE',
    reason: 'refused',
    attempts: 2,
  })
  const elapsedMs: unknown = expect.any(Number)
  expect(operations.events).toEqual([
    {
      name: 'session_store_operation',
      kind: 'valkey',
      op: 'load',
      ok: false,
      code,
      reason,
      attempts,
      elapsedMs,
    },
  ])
})

test('a subscriber that comes while an operation is under way gets a whole event', async () => {
  await using store = await openStore(server())
  const load = store.loadLabels(randomUUID())
  using operations = new Recording('indelible:operation')
  labelsOf(await load)
  expect(operations.events).toHaveLength(1)
  expect(operations.events[0]).toMatchObject({ op: 'load', ok: true, elapsedMs: expect.any(Number) })
})

test('connections that open and end are states', async () => {
  using states = new Recording('indelible:state')
  await using proxy = await FaultProxy.open(server().port)
  await using store = await openStore(proxy, { connections: 1 })
  labelsOf(await store.loadLabels(randomUUID()))
  expect(states.named('connected')).toEqual([
    expect.objectContaining({
      name: 'connected',
      kind: 'valkey',
      server: server().kind,
      version: server().version,
    }),
  ])
  await proxy.inject({ kind: 'reset' })
  await expect.poll(() => states.named('disconnected')).toHaveLength(1)
  expect(states.named('disconnected')).toEqual([
    expect.objectContaining({ kind: 'valkey', code: 'ERR_STORE_UNAVAILABLE', reason: 'connection-lost' }),
  ])
})

test('no event holds a session id, a label, a key or a secret', async () => {
  const CANARY = 'hunter2-canary'
  using operations = new Recording('indelible:operation')
  using alarms = new Recording('indelible:alarm')
  using states = new Recording('indelible:state')
  await using proxy = await FaultProxy.open(server().port)
  const session = `session-${CANARY}`
  const prefix = `prefix-${CANARY}`
  const logins = [{}, { username: CANARY, password: CANARY }, { generation: 'off', ttlSeconds: 1 }]
  for (const login of logins) {
    for (const fault of [{ kind: 'pass' }, { kind: 'reset' }] as const) {
      await proxy.inject(fault)
      await using store = await openStore(proxy, { keyPrefix: prefix, ...login })
      await store.appendLabels(session, [`label-${CANARY}`])
      await store.loadLabels(session)
    }
  }
  const published = JSON.stringify([operations.events, alarms.events, states.events])
  expect(operations.events).toHaveLength(12)
  expect(alarms.events.length).toBeGreaterThan(0)
  expect(states.events.length).toBeGreaterThan(0)
  expect(published).not.toContain(CANARY)
  expect(published).not.toContain(createHash('sha256').update(session).digest('hex'))
})
