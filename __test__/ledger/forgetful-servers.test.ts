// Lines 5, 8, 9, 10, 14 and 17 of docs/soundness.md: servers that answer well and have forgotten.

import { randomBytes, randomUUID } from 'node:crypto'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'vitest'

import { PowerCutServer } from '../support/fsync-shim.js'
import { connect } from '../support/resp.js'
import { startServer } from '../support/servers.js'
import { keyOf, openStore } from '../valkey/support/store.js'
import { line, needsSwitchedAddon } from './support/ledger.js'
import { type RemoteAppend, type RemoteLoad, RemoteStore } from './support/remote-store.js'

needsSwitchedAddon()

const OK = { ok: true }
const EMPTY = { ok: true, labels: [] }

line('5: an old primary, now a replica without a link, answers', {
  off: ['proof'],
  async happen(build) {
    await using primary = await startServer()
    await using admin = await connect(primary.port)
    await using reader = await RemoteStore.open(build, { endpoint: primary.url })
    const session = randomUUID()
    expect(await reader.load(session)).toEqual(EMPTY)
    // Whoever became primary in its place is where labels are appended from now on; this one never hears of them.
    await admin.send('REPLICAOF', '127.0.0.1', '1')
    return await reader.load(session)
  },
  lost: (load: RemoteLoad) => expect(load).toEqual(EMPTY),
  stopped: (load) =>
    expect(load).toMatchObject({ ok: false, error: { code: 'ERR_STORE_NOT_PRIMARY', reason: 'readonly' } }),
})

line('8: the power fails before the file was synced', {
  off: ['checks'],
  async happen(build) {
    await using disk = await PowerCutServer.start('everysec')
    const session = randomUUID()
    await using writer = await RemoteStore.open(build, {
      endpoint: disk.server.url,
      checks: 'enforce',
      durability: { disk: 'always' },
    })
    await disk.trouble({ delayMs: 1_500 })
    const append = await writer.append(session, ['PII'])
    await disk.cutPower()
    // Another node, which never knew the session.
    await using reader = await openStore(disk.server)
    const load = await reader.loadLabels(session)
    return { append, labels: load.ok ? [...load.labels] : undefined }
  },
  lost({ append, labels }) {
    expect(append).toEqual(OK)
    expect(labels).toEqual([])
  },
  stopped: ({ append }) =>
    expect(append).toMatchObject({
      ok: false,
      error: { code: 'ERR_STORE_UNSAFE_SERVER', reason: 'durability', indeterminate: false },
    }),
})

line('9: FLUSHALL', {
  off: ['generation'],
  async happen(build) {
    await using server = await startServer()
    await using admin = await connect(server.port)
    const session = randomUUID()
    await using writer = await openStore(server)
    await using reader = await RemoteStore.open(build, { endpoint: server.url })
    expect(await reader.load(randomUUID())).toEqual(EMPTY) // it knows the keyspace, and not the session
    expect(await writer.appendLabels(session, ['PII'])).toEqual(OK)
    await admin.send('FLUSHALL')
    return await reader.load(session)
  },
  lost: (load: RemoteLoad) => expect(load).toEqual(EMPTY),
  stopped: (load) =>
    expect(load).toMatchObject({
      ok: false,
      error: { code: 'ERR_STORE_KEYSPACE_LOST', reason: 'missing', retryable: false },
    }),
})

line('10: the server evicts a session, and spares the generation', {
  off: ['checks'],
  async happen(build) {
    await using server = await startServer({ config: { 'maxmemory-policy': 'volatile-lru' } })
    await using admin = await connect(server.port)
    const session = randomUUID()
    await using writer = await openStore(server, { ttlSeconds: 600 })
    expect(await writer.appendLabels(session, ['PII'])).toEqual(OK)
    await admin.send('CONFIG', 'SET', 'maxmemory', '1')
    // What needs memory makes room first, until there is nothing left that may go.
    await expect
      .poll(() =>
        admin.send('SET', 'filler', 'x').then(
          () => 1,
          () => admin.send('EXISTS', keyOf(session)),
        ),
      )
      .toBe(0)
    expect(await admin.send('EXISTS', 'taint:v1:generation')).toBe(1)
    await using reader = await RemoteStore.open(build, {
      endpoint: server.url,
      ttlSeconds: 600,
      checks: 'enforce',
    })
    return await reader.load(session)
  },
  lost: (load: RemoteLoad) => expect(load).toEqual(EMPTY),
  stopped: (load) =>
    expect(load).toMatchObject({
      ok: false,
      error: { code: 'ERR_STORE_UNSAFE_SERVER', reason: 'eviction', retryable: false },
    }),
})

line('14: a restored backup brings old labels back', {
  off: ['ratchet'],
  async happen(build) {
    await using server = await startServer()
    await using admin = await connect(server.port)
    await using store = await RemoteStore.open(build, { endpoint: server.url })
    const session = randomUUID()
    const [dump, backup] = [join(server.dir, 'dump.rdb'), join(server.dir, 'backup.rdb')]
    expect(await store.append(session, ['OLD'])).toEqual(OK)
    await admin.send('SAVE')
    await copyFile(dump, backup)
    expect(await store.append(session, ['NEW'])).toEqual(OK)
    await server.stop('SIGKILL')
    await copyFile(backup, dump)
    await server.restart()
    await expect.poll(async () => (await store.load(randomUUID())).ok, { timeout: 5_000 }).toBe(true)
    const load = await store.load(session)
    await using after = await connect(server.port)
    const held = (await after.send('SMEMBERS', keyOf(session))) as string[]
    return { load, held: held.sort(), alarms: await store.alarms() }
  },
  lost({ load, held }) {
    expect(load).toEqual({ ok: true, labels: ['OLD'] })
    expect(held).toEqual(['OLD'])
  },
  stopped({ load, held, alarms }) {
    expect(load).toEqual({ ok: true, labels: ['NEW', 'OLD'] })
    expect(held).toEqual(['NEW', 'OLD']) // for every other node
    expect(alarms).toContain('session_store_label_regression')
  },
})

line('14: one key is deleted', {
  off: ['ratchet'],
  async happen(build) {
    await using server = await startServer()
    await using admin = await connect(server.port)
    await using store = await RemoteStore.open(build, { endpoint: server.url })
    const session = randomUUID()
    expect(await store.append(session, ['PII'])).toEqual(OK)
    await admin.send('DEL', keyOf(session))
    return await store.load(session)
  },
  lost: (load: RemoteLoad) => expect(load).toEqual(EMPTY),
  stopped: (load) => expect(load).toEqual({ ok: true, labels: ['PII'] }),
})

line('14: the labels cannot be given back', {
  off: ['ratchet'],
  async happen(build) {
    await using server = await startServer()
    await using admin = await connect(server.port)
    await using store = await RemoteStore.open(build, { endpoint: server.url })
    const session = randomUUID()
    expect(await store.append(session, ['PII', 'SECRET'])).toEqual(OK)
    await admin.send('SREM', keyOf(session), 'PII')
    await admin.send('CONFIG', 'SET', 'maxmemory', '1')
    return await store.load(session)
  },
  lost: (load: RemoteLoad) => expect(load).toEqual({ ok: true, labels: ['SECRET'] }),
  stopped: (load) => expect(load).toMatchObject({ ok: false, error: { code: 'ERR_STORE_REGRESSION' } }),
})

line('17: the keyspace is laid out in another way', {
  off: ['generation'],
  async happen(build) {
    await using server = await startServer()
    await using admin = await connect(server.port)
    const session = randomUUID()
    // A node of another time, which names sessions by another hash.
    await admin.send('SET', 'taint:v1:generation', `v1 ${randomBytes(16).toString('hex')} sha512 -`)
    await admin.send('SADD', `taint:v1:another-hash-of:${session}`, 'PII')
    await using store = await RemoteStore.open(build, { endpoint: server.url })
    return { load: await store.load(session), append: await store.append(session, ['MORE']) }
  },
  lost({ load, append }: { load: RemoteLoad; append: RemoteAppend }) {
    expect(load).toEqual(EMPTY)
    expect(append).toEqual(OK)
  },
  stopped({ load, append }) {
    const error = { code: 'ERR_STORE_KEYSPACE_LOST', reason: 'layout' }
    expect(load).toMatchObject({ ok: false, error })
    expect(append).toMatchObject({ ok: false, error })
  },
})
