// Lines 1, 2, 3, 15 and 25 of docs/soundness.md: no answer, and answers that say something else than they seem to.

import { randomUUID } from 'node:crypto'

import { expect } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { connect } from '../support/resp.js'
import { reply } from '../support/scripted-server.js'
import { ownServer } from '../support/servers.js'
import { HELD, type Lie, LyingServer, TRUTH } from '../valkey/support/lying-server.js'
import { keyOf } from '../valkey/support/store.js'
import { line, needsSwitchedAddon } from './support/ledger.js'
import { type Build, type RemoteAppend, type RemoteLoad, RemoteStore } from './support/remote-store.js'

needsSwitchedAddon()
const server = ownServer()

/** A load that answered ok and holds nothing of what was acknowledged. */
const EMPTY = { ok: true, labels: [] }

const QUICK = { connections: 1, retry: { retries: 0 }, connectTimeoutMs: 250, commandTimeoutMs: 300 }

/** What a store that knew the server sound gets to see once it lies. */
async function whileItLies<Seen>(
  build: Build,
  lie: Lie,
  act: (store: RemoteStore) => Promise<Seen>,
): Promise<Seen> {
  await using liar = await LyingServer.open()
  await using store = await RemoteStore.open(build, { endpoint: liar.url, ...QUICK })
  // Another session than the one that is lied about: the ratchet must not be what notices.
  expect(await store.load('another')).toEqual({ ok: true, labels: HELD })
  liar.lie(lie)
  return await act(store)
}

const insteadOf =
  (name: string, answer: ReturnType<Lie>): Lie =>
  ([command]) =>
    command === name ? answer : TRUTH

/** Every operation ends by this time on the settings above, by the wall clock of a busy machine. */
const IN_TIME_MS = 250 + 300 + 500

line('1: the server does not answer', {
  off: ['deadline'],
  async happen(build) {
    await using liar = await LyingServer.open()
    await using store = await RemoteStore.open(build, { endpoint: liar.url, ...QUICK })
    expect(await store.load('another')).toEqual({ ok: true, labels: HELD })
    liar.lie(() => undefined)
    const start = performance.now()
    const load = await store.load('s')
    return { load, elapsedMs: performance.now() - start }
  },
  // Only the watchdog in JavaScript, a second later, keeps its caller from waiting for ever.
  lost: ({ elapsedMs }) => expect(elapsedMs).toBeGreaterThan(IN_TIME_MS),
  stopped({ load, elapsedMs }) {
    expect(load).toMatchObject({ ok: false, error: { code: 'ERR_STORE_TIMEOUT', reason: 'command' } })
    expect(elapsedMs).toBeLessThan(IN_TIME_MS)
  },
})

line('1: the server answers with an error', {
  off: ['decoding'],
  happen: async (build) =>
    whileItLies(build, insteadOf('SMEMBERS', reply.error('LOADING x')), async (store) => store.load('s')),
  lost: (load: RemoteLoad) => expect(load).toEqual(EMPTY),
  stopped: (load) =>
    expect(load).toMatchObject({ ok: false, error: { code: 'ERR_STORE_UNAVAILABLE', reason: 'loading' } }),
})

line('2: the value is of another type', {
  off: ['decoding'],
  async happen(build) {
    await using admin = await connect(server().port)
    const session = randomUUID()
    await admin.send('SET', keyOf(session), 'PII')
    await using store = await RemoteStore.open(build, { endpoint: server().url })
    return await store.load(session)
  },
  lost: (load) => expect(load).toEqual(EMPTY),
  stopped: (load) =>
    expect(load).toMatchObject({ ok: false, error: { code: 'ERR_STORE_UNDECODABLE', reason: 'value' } }),
})

line('2: a member is not UTF-8', {
  off: ['decoding'],
  async happen(build) {
    await using admin = await connect(server().port)
    const session = randomUUID()
    await admin.send('SADD', keyOf(session), Buffer.from([0xff, 0xfe]), 'PII')
    await using store = await RemoteStore.open(build, { endpoint: server().url })
    return await store.load(session)
  },
  lost: (load) => expect(load).toEqual(EMPTY),
  stopped: (load) =>
    expect(load).toMatchObject({ ok: false, error: { code: 'ERR_STORE_UNDECODABLE', reason: 'value' } }),
})

line('3: a command inside the transaction fails', {
  off: ['results'],
  async happen(build) {
    await using admin = await connect(server().port)
    const session = randomUUID()
    await admin.send('SET', keyOf(session), 'no set')
    await using store = await RemoteStore.open(build, { endpoint: server().url })
    const append = await store.append(session, ['PII'])
    return { append, type: await admin.send('TYPE', keyOf(session)) }
  },
  lost({ append, type }) {
    expect(append).toEqual({ ok: true })
    expect(type).toBe('string') // and no label anywhere
  },
  stopped: ({ append }) =>
    expect(append).toMatchObject({ ok: false, error: { code: 'ERR_STORE_UNDECODABLE', reason: 'value' } }),
})

line('15: a late reply is taken for that of the next request', {
  off: ['doubt'],
  async happen(build) {
    await using admin = await connect(server().port)
    const [first, second] = [randomUUID(), randomUUID()]
    await admin.send('SADD', keyOf(first), 'OF-FIRST')
    await admin.send('SADD', keyOf(second), 'OF-SECOND')
    await using proxy = await FaultProxy.open(server().port)
    const patient = { ...QUICK, connectTimeoutMs: 2_000, commandTimeoutMs: 1_000 }
    await using store = await RemoteStore.open(build, { endpoint: proxy.url, ...patient })
    expect(await store.load(randomUUID())).toEqual(EMPTY)
    await proxy.inject({ kind: 'blackHole', direction: 'toClient' })
    expect(await store.load(first)).toMatchObject({ ok: false, error: { code: 'ERR_STORE_TIMEOUT' } })
    // The late reply comes as soon as there is another request that it could be taken to answer.
    const sent = proxy.bytes.toServer
    const load = store.load(second)
    await expect.poll(() => proxy.bytes.toServer, { interval: 2 }).toBeGreaterThan(sent)
    await proxy.heal()
    return await load
  },
  lost: (load: RemoteLoad) => expect(load).toEqual({ ok: true, labels: ['OF-FIRST'] }),
  stopped: (load) => expect(load).toEqual({ ok: true, labels: ['OF-SECOND'] }),
})

line('25: nil is read as the empty set', {
  off: ['decoding'],
  happen: async (build) =>
    whileItLies(build, insteadOf('SMEMBERS', reply.nilArray), async (store) => store.load('s')),
  lost: (load: RemoteLoad) => expect(load).toEqual(EMPTY),
  stopped: (load) =>
    expect(load).toMatchObject({ ok: false, error: { code: 'ERR_STORE_UNDECODABLE', reason: 'protocol' } }),
})

line('25: an aborted transaction is read as ok', {
  off: ['results'],
  happen: async (build) => {
    const aborted = reply.error('EXECABORT Transaction discarded because of: READONLY x')
    return whileItLies(build, insteadOf('EXEC', aborted), async (store) => store.append('s', ['PII']))
  },
  lost: (append: RemoteAppend) => expect(append).toEqual({ ok: true }),
  stopped: (append) =>
    expect(append).toMatchObject({ ok: false, error: { code: 'ERR_STORE_NOT_PRIMARY', reason: 'readonly' } }),
})
