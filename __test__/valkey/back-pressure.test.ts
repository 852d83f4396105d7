// Bounds on what may be under way, and what a late caller gets.

import { randomUUID } from 'node:crypto'

import { MAX_SESSION_ID_BYTES, MAX_SESSIONS_PER_CALL, type SessionStore } from 'indelible'
import { expect, test } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { failureOf, keyOf, labelsOf, openStore, recovered } from './support/store.js'

const server = ownServer()

const OVERLOADED = {
  code: 'ERR_STORE_OVERLOADED',
  retryable: true,
  indeterminate: false,
  attempts: 0,
  elapsedMs: 0,
}

/** The result of a call that is settled within its own turn: no timer and no I/O has had its turn before it. */
async function inSameTurn<Result>(call: Promise<Result>): Promise<Result> {
  let turns = 0
  setImmediate(() => (turns += 1))
  const result = await call
  expect(turns).toBe(0)
  return result
}

/** Connects the store and stops everything on its way. */
async function stall(store: SessionStore, proxy: FaultProxy): Promise<void> {
  labelsOf(await store.loadLabels(randomUUID()))
  await proxy.inject({ kind: 'blackHole' })
}

test('beyond maxInFlight the answer comes in the same turn and nothing is sent', async () => {
  await using proxy = await FaultProxy.open(server().port)
  await using admin = await connect(server().port)
  await using store = await openStore(proxy, { maxInFlight: 4 })
  await stall(store, proxy)
  const underWay = Array.from({ length: 4 }, () => store.loadLabels(randomUUID()))
  const session = randomUUID()
  const sent = proxy.bytes.toServer

  expect(failureOf(await inSameTurn(store.loadLabels(session)))).toMatchObject({
    ...OVERLOADED,
    operation: 'load',
  })
  expect(failureOf(await inSameTurn(store.appendLabels(session, ['PII'])))).toMatchObject({
    ...OVERLOADED,
    operation: 'append',
  })
  // What needs no room is still answered.
  expect(await store.appendLabels(session, [])).toEqual({ ok: true })
  expect(failureOf(await store.loadLabels(''))).toMatchObject({ code: 'ERR_STORE_INVALID_ARGUMENT' })

  for (const load of await Promise.all(underWay)) expect(failureOf(load).code).toBe('ERR_STORE_TIMEOUT')
  expect(proxy.bytes.toServer).toBeGreaterThan(sent) // those four, and their second attempts
  await proxy.heal()
  expect(await recovered(store, session)).toEqual([])
  expect(await admin.send('EXISTS', keyOf(session))).toBe(0)
})

test('an aborted operation takes up its place until the engine has answered it', async () => {
  await using proxy = await FaultProxy.open(server().port)
  await using store = await openStore(proxy, { maxInFlight: 1 })
  await stall(store, proxy)
  const controller = new AbortController()
  const aborted = store.loadLabels(randomUUID(), { signal: controller.signal })
  controller.abort()
  expect(failureOf(await aborted)).toMatchObject({ code: 'ERR_STORE_ABORTED' })
  expect(failureOf(await store.loadLabels(randomUUID()))).toMatchObject(OVERLOADED)
  await proxy.heal()
  expect(await recovered(store, randomUUID())).toEqual([])
})

test('beyond 64 MiB under way the answer is the same', async () => {
  await using proxy = await FaultProxy.open(server().port)
  await using store = await openStore(proxy)
  await stall(store, proxy)
  const ids = Array.from({ length: MAX_SESSIONS_PER_CALL }, (_, n) =>
    String(n).padStart(MAX_SESSION_ID_BYTES, 'x'),
  )
  const bytes = MAX_SESSIONS_PER_CALL * MAX_SESSION_ID_BYTES
  const fitting = Math.floor((64 * 1024 * 1024) / bytes)
  const loads = Array.from({ length: fitting + 1 }, () => store.loadLabels(ids))
  expect(failureOf(await inSameTurn(store.loadLabels(ids)))).toMatchObject(OVERLOADED)
  const taken = (await Promise.all(loads)).filter((load) => failureOf(load).code !== OVERLOADED.code)
  // Each takes a little more than its ids.
  expect(taken.length).toBeGreaterThan(fitting * 0.99)
})

/** Blocks this thread, timers and all. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** D and a second, after which the watchdog would take an answer for lost, pass while the event loop is blocked. */
const QUICK = { connectTimeoutMs: 100, commandTimeoutMs: 200, retry: { retries: 0 } }
const QUICK_DEADLINE_MS = 300
const BLOCKED_MS = QUICK_DEADLINE_MS + 1_000 + 500

test('an answer that came in time is delivered, however late the event loop takes it', async () => {
  await using store = await openStore(server(), QUICK)
  const session = randomUUID()
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  const calls = [store.loadLabels(session), store.appendLabels(session, ['SECRET'])] as const
  await new Promise(setImmediate) // handed over by then
  block(BLOCKED_MS)
  const [load, append] = await Promise.all(calls)
  expect(labelsOf(load)).toContain('PII')
  expect(append).toEqual({ ok: true })
})

test('an answer that did not come in time is a time-out of that length, however late it is told', async () => {
  await using proxy = await FaultProxy.open(server().port)
  await using store = await openStore(proxy, QUICK)
  const session = randomUUID()
  labelsOf(await store.loadLabels(session))
  await proxy.inject({ kind: 'blackHole' })
  const load = store.loadLabels(session)
  await new Promise(setImmediate)
  block(BLOCKED_MS)
  const error = failureOf(await load)
  expect(error).toMatchObject({ code: 'ERR_STORE_TIMEOUT', reason: 'command' })
  expect(error.elapsedMs).toBeLessThanOrEqual(QUICK_DEADLINE_MS)
})
