// Servers that answer and must not be believed, or that refuse for a reason of their own: each has its own code, and
// none answers a stale or an empty set (docs/soundness.md, lines 3 and 5).

import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { type SessionStore } from 'indelible'
import { describe, expect, test } from 'vitest'

import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { type TestServer, startServer } from '../../scripts/test-server.mjs'
import { failureInTime, failureOf, keyOf, labelsOf, openStore, recovered } from './support/store.js'

const server = ownServer()

const MODES = [{}, { ttlSeconds: 600 }, { generation: 'off' }, { generation: 'off', ttlSeconds: 600 }]

async function replicaOf(primary: TestServer): Promise<TestServer> {
  const replica = await startServer({ args: ['--replicaof', primary.host, String(primary.port)] })
  await using admin = await connect(replica.port)
  await expect
    .poll(() => admin.send('INFO', 'replication'), { timeout: 10_000 })
    .toContain('master_link_status:up')
  return replica
}

/** Both operations fail in this way, within the deadline; nothing has been written. */
async function bothRefused(store: SessionStore, session: string, failure: object): Promise<void> {
  expect(await failureInTime(store.loadLabels(session))).toMatchObject({ ...failure, operation: 'load' })
  expect(await failureInTime(store.appendLabels(session, ['REFUSED']))).toMatchObject({
    ...failure,
    operation: 'append',
    indeterminate: false,
  })
}

const READONLY = { code: 'ERR_STORE_NOT_PRIMARY', reason: 'readonly' }

/** A primary that a replica need not wait for. */
async function startPrimary(): Promise<TestServer> {
  return startServer({ args: ['--repl-diskless-sync-delay', '0'] })
}

describe('a replica is not believed', () => {
  test.each(MODES)('at first sight, with %j', async (settings) => {
    await using primary = await startPrimary()
    const session = randomUUID()
    await using writer = await openStore(primary, settings)
    expect(await writer.appendLabels(session, ['PII'])).toEqual({ ok: true })
    await using replica = await replicaOf(primary)
    await using store = await openStore(replica, settings)
    await bothRefused(store, session, READONLY)
  })

  test.each(MODES)('when it was the primary until now, with %j', async (settings) => {
    await using primary = await startPrimary()
    await using own = await startServer()
    await using admin = await connect(own.port)
    await using store = await openStore(own, settings)
    const session = randomUUID()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })

    // Its connections stay open and it goes on answering reads with what it holds.
    await admin.send('REPLICAOF', primary.host, String(primary.port))
    const [load, append] = [await store.loadLabels(session), await store.appendLabels(session, ['REFUSED'])]
    expect(failureOf(load)).toMatchObject(READONLY)
    expect(failureOf(append)).toMatchObject({ ...READONLY, indeterminate: false })

    await admin.send('REPLICAOF', 'NO', 'ONE')
    expect(await admin.send('ROLE')).toContain('master')
  })

  test('a replica that is made primary is taken at its word', async () => {
    await using primary = await startPrimary()
    await using first = await openStore(primary)
    const session = randomUUID()
    expect(await first.appendLabels(session, ['PII'])).toEqual({ ok: true })
    await using replica = await replicaOf(primary)
    await using store = await openStore(replica)
    expect(failureOf(await store.loadLabels(session))).toMatchObject(READONLY)
    await using admin = await connect(replica.port)
    await admin.send('REPLICAOF', 'NO', 'ONE')
    expect(await recovered(store, session)).toEqual(['PII'])
  })
})

test.each(MODES)(
  'a primary without the replicas that it demands is not believed, with %j',
  async (settings) => {
    await using own = await startServer()
    await using admin = await connect(own.port)
    await using store = await openStore(own, settings)
    const session = randomUUID()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
    await admin.send('CONFIG', 'SET', 'min-replicas-to-write', '1')
    await bothRefused(store, session, {
      code: 'ERR_STORE_NOT_PRIMARY',
      reason: 'no-replicas',
      serverCode: 'NOREPLICAS',
    })
    await admin.send('CONFIG', 'SET', 'min-replicas-to-write', '0')
    expect(await recovered(store, session)).toEqual(['PII'])
  },
)

test.each(MODES)(
  'a server that cannot save is not durable, and its connection stays, with %j',
  async (settings) => {
    await using own = await startServer({ args: ['--save', '3600 1'] })
    await using admin = await connect(own.port)
    await using store = await openStore(own, { connections: 1, ...settings })
    const session = randomUUID()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
    const connections = async (): Promise<unknown> =>
      /total_connections_received:(\d+)/.exec(String(await admin.send('INFO', 'stats')))?.[1]
    const before = await connections()

    await mkdir(join(own.dir, 'dump.rdb'))
    await admin.send('BGSAVE')
    await expect.poll(() => admin.send('INFO', 'persistence')).toContain('rdb_last_bgsave_status:err')
    await bothRefused(store, session, { code: 'ERR_STORE_NOT_DURABLE', reason: 'misconf', attempts: 1 })
    expect(await connections()).toBe(before)

    await admin.send('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no')
    expect(await recovered(store, session)).toEqual(['PII'])
  },
)

test.each(MODES)('a full server refuses appends and goes on answering loads, with %j', async (settings) => {
  await using own = await startServer({ args: ['--maxmemory-policy', 'noeviction'] })
  await using admin = await connect(own.port)
  await using store = await openStore(own, settings)
  const session = randomUUID()
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  await admin.send('CONFIG', 'SET', 'maxmemory', '1')

  const refused = { code: 'ERR_STORE_OUT_OF_MEMORY', serverCode: 'OOM', indeterminate: false, attempts: 1 }
  expect(failureOf(await store.appendLabels(session, ['REFUSED']))).toMatchObject(refused)
  expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
  // A node that starts now finds the generation that is there already.
  await using late = await openStore(own, settings)
  expect(labelsOf(await late.loadLabels(session))).toEqual(['PII'])

  await admin.send('CONFIG', 'SET', 'maxmemory', '0')
  expect(await store.appendLabels(session, ['SECRET'])).toEqual({ ok: true })
  expect(labelsOf(await store.loadLabels(session))).toEqual(['PII', 'SECRET'])
})

test('a full server without a generation has nowhere to put one', async () => {
  await using own = await startServer({ args: ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'] })
  await using store = await openStore(own)
  expect(failureOf(await store.loadLabels(randomUUID()))).toMatchObject({ code: 'ERR_STORE_OUT_OF_MEMORY' })
})

test('a server that is still loading its file refuses, and answers once it has', async () => {
  await using own = await startServer({ args: ['--enable-debug-command', 'local'] })
  await using admin = await connect(own.port)
  await using other = await connect(own.port)
  const session = randomUUID()
  await using store = await openStore(own)
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })

  // It looks up from its file after every kibibyte, so after every key, and takes 10 ms for each until told otherwise.
  await admin.send('CONFIG', 'SET', 'loading-process-events-interval-bytes', '1024')
  await admin.send('CONFIG', 'SET', 'rdbcompression', 'no')
  for (let n = 0; n < 2_000; n++) await admin.send('SET', `filler:${n}`, 'x'.repeat(1024))
  await admin.send('CONFIG', 'SET', 'key-load-delay', '10000')
  const reloading = admin.send('DEBUG', 'RELOAD')
  await expect.poll(() => other.send('PING').catch(String), { interval: 10 }).toContain('LOADING')
  const loading = { code: 'ERR_STORE_UNAVAILABLE', reason: 'loading', attempts: 2 }
  await using late = await openStore(own)
  await Promise.all([bothRefused(store, session, loading), bothRefused(late, session, loading)])
  await other.send('CONFIG', 'SET', 'key-load-delay', '0')
  expect(await reloading).toBe('OK')
  expect(await recovered(store, session)).toEqual(['PII'])
  expect(await recovered(late, session)).toEqual(['PII'])
})

test('a server that takes no further connections is unavailable', async () => {
  await using own = await startServer()
  await using admin = await connect(own.port)
  await admin.send('CONFIG', 'SET', 'maxclients', '1')
  await using store = await openStore(own)
  expect(await failureInTime(store.loadLabels(randomUUID()))).toMatchObject({
    code: 'ERR_STORE_UNAVAILABLE',
    reason: 'connection-lost',
  })
  await admin.send('CONFIG', 'SET', 'maxclients', '100')
  expect(await recovered(store, randomUUID())).toEqual([])
})

test('a database that the server does not have', async () => {
  await using store = await openStore(server(), { database: 9_999 })
  const error = failureOf(await store.loadLabels(randomUUID()))
  expect(error).toMatchObject({ code: 'ERR_STORE_UNDECODABLE', reason: 'protocol' })
  expect(error.message).toContain('no database of the configured number')
})

test('another database is another keyspace', async () => {
  await using zero = await openStore(server())
  await using three = await openStore({ url: `${server().url}/3` })
  const session = randomUUID()
  expect(await three.appendLabels(session, ['PII'])).toEqual({ ok: true })
  expect(labelsOf(await zero.loadLabels(session))).toEqual([])
  await using admin = await connect(server().port)
  await admin.send('SELECT', '3')
  expect(await admin.send('SMEMBERS', keyOf(session))).toEqual(['PII'])
})
