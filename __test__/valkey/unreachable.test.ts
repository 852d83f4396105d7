// No answer to be had, at every moment of an operation: a typed failure within the deadline, never an empty set, and
// a store that works again once the fault is over (docs/soundness.md, line 1).

import { randomUUID } from 'node:crypto'

import { type SessionStore } from 'indelible'
import { describe, expect, test, vi } from 'vitest'

import { type Fault, FaultProxy } from '../support/fault-proxy.js'
import { connect } from '../support/resp.js'
import { startServer } from '../../scripts/test-server.mjs'
import { ownServer } from '../support/servers.js'
import { failureInTime, failureOf, keyOf, labelsOf, openStore, recovered } from './support/store.js'

const server = ownServer()

/** What both operations must answer; an append that may have happened says so. */
interface Expected {
  readonly code: string
  readonly reason: string
  readonly indeterminate: boolean
}

async function bothFail(
  store: SessionStore,
  session: string,
  { indeterminate, ...failure }: Expected,
): Promise<void> {
  const errors = await Promise.all([
    failureInTime(store.loadLabels(session)),
    failureInTime(store.appendLabels(session, ['DURING'])),
  ])
  const shared = { ...failure, retryable: true, attempts: 2 }
  expect(errors[0]).toMatchObject({ ...shared, operation: 'load', indeterminate: false })
  expect(errors[1]).toMatchObject({ ...shared, operation: 'append', indeterminate })
}

const REFUSED = { code: 'ERR_STORE_UNAVAILABLE', reason: 'refused', indeterminate: false }
const LOST = { code: 'ERR_STORE_UNAVAILABLE', reason: 'connection-lost' }
const NOT_CONNECTED = { code: 'ERR_STORE_TIMEOUT', reason: 'connect', indeterminate: false }

describe('before the first connection', () => {
  test.each<readonly [string, Fault, Expected]>([
    ['nobody listens', { kind: 'refuse' }, REFUSED],
    ['it is reset', { kind: 'reset' }, { ...LOST, indeterminate: false }],
    ['it is accepted and nothing follows', { kind: 'hang' }, NOT_CONNECTED],
    ['nothing arrives', { kind: 'blackHole', direction: 'toServer' }, NOT_CONNECTED],
    ['nothing comes back', { kind: 'blackHole', direction: 'toClient' }, NOT_CONNECTED],
    [
      'it ends in the greeting',
      { kind: 'cut', afterBytes: 20, direction: 'toClient' },
      { ...LOST, indeterminate: false },
    ],
    ['it is slower than the time-out', { kind: 'delay', ms: 400 }, NOT_CONNECTED],
  ])('%s', async (_, fault, expected) => {
    await using proxy = await FaultProxy.open(server().port)
    await proxy.inject(fault)
    await using store = await openStore(proxy)
    const session = randomUUID()
    await bothFail(store, session, expected)
    await proxy.heal()
    expect(await recovered(store, session)).toEqual([])
  })
})

describe('on an open connection', () => {
  // The second attempt meets the fault at the door, so its reason is the one that is told.
  test.each<readonly [string, Fault, { readonly code: string; readonly reason: string }]>([
    ['requests vanish', { kind: 'blackHole', direction: 'toServer' }, NOT_CONNECTED],
    ['replies vanish', { kind: 'blackHole', direction: 'toClient' }, NOT_CONNECTED],
    ['replies end at the first byte', { kind: 'cut', afterBytes: 0, direction: 'toClient' }, LOST],
  ])('%s', async (_, fault, { code, reason }) => {
    await using proxy = await FaultProxy.open(server().port)
    await using store = await openStore(proxy)
    const session = randomUUID()
    expect(await store.appendLabels(session, ['BEFORE'])).toEqual({ ok: true })
    await proxy.inject(fault)
    await bothFail(store, session, { code, reason, indeterminate: true })
    await proxy.heal()
    // What was decided may have been written; what was acknowledged is there.
    expect(await recovered(store, session)).toContain('BEFORE')
  })

  test('a reply that drips in is late as a whole', async () => {
    await using proxy = await FaultProxy.open(server().port)
    await using store = await openStore(proxy, { retry: { retries: 0 } })
    const session = randomUUID()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
    await proxy.inject({ kind: 'delay', ms: 600, direction: 'toClient' })
    const error = await failureInTime(store.loadLabels(session), 750)
    expect(error).toMatchObject({ code: 'ERR_STORE_TIMEOUT', reason: 'command', attempts: 1 })
    await proxy.heal()
    expect(await recovered(store, session)).toEqual(['PII'])
  })

  test('a connection that ends while idle costs nobody anything', async () => {
    await using proxy = await FaultProxy.open(server().port)
    await using store = await openStore(proxy)
    const session = randomUUID()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
    await proxy.inject({ kind: 'reset' })
    await proxy.heal()
    expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
    expect(await store.appendLabels(session, ['SECRET'])).toEqual({ ok: true })
  })
})

test('a reply lost after the server ran the append: one retry finds out, and adds nothing twice', async () => {
  await using proxy = await FaultProxy.open(server().port)
  await using admin = await connect(server().port)
  await using store = await openStore(proxy, { connections: 1 })
  const session = randomUUID()
  labelsOf(await store.loadLabels(session))
  await proxy.inject({ kind: 'cut', afterBytes: 0, direction: 'toClient' })
  const append = store.appendLabels(session, ['PII'])
  await expect.poll(() => admin.send('SISMEMBER', keyOf(session), 'PII')).toBe(1)
  await proxy.heal()
  const result = await append
  // It was written either way; only whether the retry came before or after the healing is left to chance.
  if (!result.ok) expect(failureOf(result)).toMatchObject({ ...LOST, indeterminate: true })
  expect(await recovered(store, session)).toEqual(['PII'])
})

test('a frozen server: a time-out, then answers again once it runs on', async () => {
  await using own = await startServer()
  await using store = await openStore(own)
  const session = randomUUID()
  expect(await store.appendLabels(session, ['BEFORE'])).toEqual({ ok: true })
  own.freeze()
  // A frozen server's kernel still accepts the second attempt's connection.
  await bothFail(store, session, { ...NOT_CONNECTED, indeterminate: true })
  own.thaw()
  expect(await recovered(store, session)).toContain('BEFORE')
})

test('a frozen server that nobody has connected to yet', async () => {
  await using own = await startServer()
  own.freeze()
  await using store = await openStore(own)
  const session = randomUUID()
  await bothFail(store, session, NOT_CONNECTED)
  own.thaw()
  expect(await recovered(store, session)).toEqual([])
})

test('a killed server, started again over its file, has lost nothing', async () => {
  await using own = await startServer({ config: { appendonly: 'yes', appendfsync: 'always' } })
  await using store = await openStore(own)
  const session = randomUUID()
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  await own.stop('SIGKILL')
  expect(await failureInTime(store.loadLabels(session))).toMatchObject({
    code: REFUSED.code,
    reason: 'refused',
  })
  await own.restart()
  expect(await recovered(store, session)).toEqual(['PII'])
  await using fresh = await openStore(own)
  expect(labelsOf(await fresh.loadLabels(session))).toEqual(['PII'])
})

test('connections killed under load: every call is answered, and what was acknowledged is there', async () => {
  await using own = await startServer()
  await using admin = await connect(own.port)
  await using store = await openStore(own, { breaker: { failures: 1_000_000 } })
  const session = randomUUID()
  const acknowledged: string[] = []
  const killing = new AbortController()
  const writer = async (_: unknown, name: number): Promise<void> => {
    for (let n = 0; !killing.signal.aborted; n++) {
      const label = `${name}-${n}`
      const append = await store.appendLabels(session, [label])
      if (append.ok) acknowledged.push(label)
      else expect(failureOf(append)).toMatchObject(LOST)
    }
  }
  const writing = Promise.all(Array.from({ length: 8 }, writer))
  for (let killed = 0; killed < 10;) {
    // Each time only once something has come through: else it would be the killing alone that is measured.
    const before = acknowledged.length
    await vi.waitUntil(() => acknowledged.length > before, { timeout: 20_000, interval: 1 })
    killed += Number(await admin.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'))
  }
  killing.abort()
  await writing
  expect(acknowledged.length).toBeGreaterThan(0)
  expect(await recovered(store, session)).toEqual(expect.arrayContaining(acknowledged))
})

test('a name that does not resolve', async () => {
  await using store = await openStore({ url: 'rediss://nowhere.invalid' })
  const error = await failureInTime(store.loadLabels(randomUUID()))
  // A resolver that answers is told from one that does not.
  expect([error.code, error.reason]).toEqual(
    error.code === 'ERR_STORE_TIMEOUT' ? ['ERR_STORE_TIMEOUT', 'connect'] : ['ERR_STORE_UNAVAILABLE', 'dns'],
  )
})

test('a Unix socket carries the store, and one that is not there refuses', async () => {
  await using own = await startServer({ args: ['--unixsocket', 'server.sock'] })
  await using store = await openStore({ url: `unix://${own.dir}/server.sock` })
  const session = randomUUID()
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
  await using nowhere = await openStore({ url: `unix://${own.dir}/nobody.sock` })
  await bothFail(nowhere, session, REFUSED)
})
