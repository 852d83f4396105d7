// Names whose addresses change, vanish, or lead nowhere, while a store is connected and while it connects.

import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'

import { expect, test, vi } from 'vitest'

import { RemoteStore } from '../ledger/support/remote-store.js'
import { FaultProxy } from '../support/fault-proxy.js'
import { type Resolution, Resolver } from '../support/resolver-shim.js'
import { connect } from '../support/resp.js'
import { ownServer, startServer } from '../support/servers.js'
import { Router } from './support/router.js'

/** Loopback, so that no TLS is asked for; the resolver of the test says where it is. */
const NAME = 'localhost'
const [ONE, TWO, THREE] = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
/** Of a network that exists in documents only. */
const ELSEWHERE = '192.0.2.1'
/** Long enough for a server that lives to answer in, on a busy machine. */
const TIMING = { connectTimeoutMs: 1_000, commandTimeoutMs: 1_000 } as const
/** D at these settings, and what a busy machine adds to it, in milliseconds. */
const [DEADLINE_MS, SLACK_MS] = [4_050, 500]
/** How soon a store is well again after its fault is mended, in milliseconds. */
const RECOVERY_MS = 5_000

const server = ownServer()

/** A store that finds `port` by the name. */
function openStore(resolver: Resolver, port: number): Promise<RemoteStore> {
  const config = { endpoint: `redis://${NAME}:${port}`, ...TIMING }
  return RemoteStore.open({ addon: 'shipped', env: resolver.env }, config)
}

/** Loads, and expects an answer in time, whatever it says. */
async function load(store: RemoteStore, session: string): ReturnType<RemoteStore['load']> {
  const start = performance.now()
  const result = await store.load(session)
  expect(performance.now() - start).toBeLessThan(DEADLINE_MS + SLACK_MS)
  return result
}

/** Loads until that works. Failures on the way must be of the codes given. */
async function recovered(
  store: RemoteStore,
  session: string,
  ...codes: string[]
): Promise<readonly string[]> {
  return vi.waitFor(
    async () => {
      const result = await load(store, session)
      if (result.ok) return result.labels
      expect([...codes, 'ERR_STORE_CIRCUIT_OPEN']).toContain(result.error.code)
      throw new Error(`not yet: ${result.error.code}`)
    },
    { timeout: RECOVERY_MS, interval: 20 },
  )
}

test('a name that gets another address: what is connected stays, and who connects anew goes there', async () => {
  await using first = await FaultProxy.open(server().port, { host: ONE, port: 0 })
  await using second = await FaultProxy.open(server().port, { host: TWO, port: first.port })
  await using resolver = await Resolver.open(NAME, [ONE])
  await using store = await openStore(resolver, first.port)
  const session = randomUUID()
  expect(await store.append(session, ['PII'])).toEqual({ ok: true })

  await resolver.says([TWO])
  expect(await load(store, session)).toEqual({ ok: true, labels: ['PII'] })
  expect(second.connections).toBe(0)
  await first.inject({ kind: 'refuse' })
  expect(await recovered(store, session, 'ERR_STORE_UNAVAILABLE')).toEqual(['PII'])
  expect(second.connections).toBeGreaterThan(0)
})

test('a name that gets the address of a server without the labels: nothing is loaded from it', async () => {
  await using other = await startServer()
  await using first = await FaultProxy.open(server().port, { host: ONE, port: 0 })
  await using second = await FaultProxy.open(other.port, { host: TWO, port: first.port })
  await using resolver = await Resolver.open(NAME, [ONE])
  await using store = await openStore(resolver, first.port)
  const session = randomUUID()
  expect(await store.append(session, ['PII'])).toEqual({ ok: true })

  await resolver.says([TWO])
  await first.inject({ kind: 'refuse' })
  await vi.waitFor(
    async () => {
      const result = await load(store, session)
      expect(result).toMatchObject({
        ok: false,
        error: { code: 'ERR_STORE_KEYSPACE_LOST', reason: 'missing' },
      })
    },
    { timeout: RECOVERY_MS, interval: 20 },
  )
  expect(second.connections).toBeGreaterThan(0)
})

test.each<readonly [string, Resolution, object]>([
  ['exist', [], { code: 'ERR_STORE_UNAVAILABLE', reason: 'dns', attempts: 2, retryable: true }],
  [
    'get an answer',
    'silence',
    { code: 'ERR_STORE_TIMEOUT', reason: 'connect', attempts: 2, retryable: true },
  ],
])('a name that worked and does not %s any more', async (_, resolution, failure) => {
  await using proxy = await FaultProxy.open(server().port, { host: ONE, port: 0 })
  await using resolver = await Resolver.open(NAME, [ONE])
  await using store = await openStore(resolver, proxy.port)
  const session = randomUUID()
  expect(await store.append(session, ['PII'])).toEqual({ ok: true })

  await resolver.says(resolution)
  expect(await load(store, session)).toEqual({ ok: true, labels: ['PII'] })
  await proxy.inject({ kind: 'reset' })
  await proxy.heal()
  await vi.waitFor(
    async () => expect(await load(store, session)).toMatchObject({ ok: false, error: failure }),
    { timeout: RECOVERY_MS, interval: 20 },
  )
  const { connections } = proxy
  expect(await store.append(session, ['LATER'])).toMatchObject({ ok: false, error: { indeterminate: false } })
  expect(proxy.connections).toBe(connections)

  await resolver.says([ONE])
  expect(await recovered(store, session, 'ERR_STORE_UNAVAILABLE', 'ERR_STORE_TIMEOUT')).toEqual(['PII'])
})

test('a resolver that stays silent keeps no process from ending', async () => {
  await using resolver = await Resolver.open(NAME, 'silence')
  const program = `
    import { openSessionStore } from 'indelible'
    const store = await openSessionStore({ kind: 'valkey', endpoint: '${NAME}:6379' })
    const load = await store.loadLabels('s')
    process.stdout.write(load.ok ? 'ok' : load.error.code)
  `
  // A process that does not end is killed, which rejects.
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, ...resolver.env },
    timeout: 15_000,
  })
  expect(stdout).toBe('ERR_STORE_TIMEOUT')
})

test('without TLS no address of another machine is dialled, whatever the name leads to', async () => {
  await using live = await FaultProxy.open(server().port, { host: ONE, port: 0 })
  await using resolver = await Resolver.open(NAME, [ELSEWHERE])
  await using store = await openStore(resolver, live.port)
  const session = randomUUID()
  expect(await load(store, session)).toMatchObject({
    ok: false,
    error: { code: 'ERR_STORE_UNAVAILABLE', reason: 'dns' },
  })
  await resolver.says([ELSEWHERE, ONE])
  expect(await recovered(store, session, 'ERR_STORE_UNAVAILABLE')).toEqual([])
})

/** What is dead at the first address, on the port of the live one. */
const DEAD: Readonly<Record<string, (port: number) => Promise<AsyncDisposable>>> = {
  refuses: async () => ({ [Symbol.asyncDispose]: async () => undefined }),
  'accepts and hangs': async (port) => {
    const proxy = await FaultProxy.open(server().port, { host: ONE, port })
    await proxy.inject({ kind: 'hang' })
    return proxy
  },
  'answers no SYN': async (port) => {
    const router = await Router.open(server().port, { host: ONE, port })
    await router.vanish()
    return router
  },
}

test.each(Object.entries(DEAD))(
  'of several addresses the first %s: the others are found within one deadline',
  async (_, openDead) => {
    await using live = await FaultProxy.open(server().port, { host: THREE, port: 0 })
    await using _dead = await openDead(live.port)
    await using resolver = await Resolver.open(NAME, [ONE, THREE])
    await using store = await openStore(resolver, live.port)
    const session = randomUUID()
    expect(await store.append(session, ['PII'])).toEqual({ ok: true })
    expect(await load(store, session)).toEqual({ ok: true, labels: ['PII'] })

    // Lost connections find it again, too.
    await using admin = await connect(server().port)
    expect(await admin.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')).toBeGreaterThan(0)
    expect(await recovered(store, session, 'ERR_STORE_UNAVAILABLE')).toEqual(['PII'])
  },
)

test('of several addresses every one gets its turn: two dead, one live', async () => {
  await using live = await FaultProxy.open(server().port, { host: THREE, port: 0 })
  await using one = await FaultProxy.open(server().port, { host: ONE, port: live.port })
  await using two = await FaultProxy.open(server().port, { host: TWO, port: live.port })
  for (const dead of [one, two]) await dead.inject({ kind: 'hang' })
  await using resolver = await Resolver.open(NAME, [ONE, TWO, THREE])
  await using store = await openStore(resolver, live.port)
  const session = randomUUID()
  expect(await recovered(store, session, 'ERR_STORE_TIMEOUT')).toEqual([])

  // Only the live one is known to answer; when it dies, and another comes back, that one is found.
  await live.inject({ kind: 'refuse' })
  await two.heal()
  expect(await recovered(store, session, 'ERR_STORE_TIMEOUT', 'ERR_STORE_UNAVAILABLE')).toEqual([])
})
