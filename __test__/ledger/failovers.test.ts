// Lines 6 and 7 of docs/soundness.md: a replica takes over, and what is not known there, or still answers elsewhere.

import { randomUUID } from 'node:crypto'

import { expect } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { connect } from '../support/resp.js'
import { ScriptedServer, reply } from '../support/scripted-server.js'
import { type TestServer, startServer } from '../support/servers.js'
import { startReplica } from '../support/topologies/replica.js'
import { until } from '../support/topologies/until.js'
import { keyOf, openStore } from '../valkey/support/store.js'
import { line, needsSwitchedAddon } from './support/ledger.js'
import { type Build, type RemoteLoad, RemoteStore } from './support/remote-store.js'

needsSwitchedAddon()

const EMPTY = { ok: true, labels: [] }
/** A watch asks once a second; by then it has found the change or never will. */
const WATCH_MS = 3_000

async function promote(replica: TestServer): Promise<void> {
  await using admin = await connect(replica.port)
  await admin.send('REPLICAOF', 'NO', 'ONE')
}

/** A sentinel that names whichever server is the primary by then. */
async function sentinelFor(primary: () => TestServer): Promise<ScriptedServer> {
  return ScriptedServer.open(([name]) =>
    name === 'SUBSCRIBE'
      ? reply.array(reply.bulk('subscribe'), reply.bulk('+switch-master'), reply.integer(1))
      : reply.array(reply.bulk('127.0.0.1'), reply.bulk(String(primary().port))),
  )
}

/** What a node that is connected to the old primary loads after a replica was promoted and has taken a label. */
async function loadAfterPromotion(
  build: Build,
  settings: object,
  patience: (load: () => Promise<RemoteLoad>) => Promise<RemoteLoad>,
): Promise<RemoteLoad> {
  await using old = await startServer()
  await using replica = await startReplica(old)
  let primary = old
  await using sentinel = await sentinelFor(() => primary)
  const topology = { sentinel: { service: 'labels', endpoints: [sentinel.url] } }
  await using reader = await RemoteStore.open(build, { topology, ...settings })
  const session = randomUUID()
  const before = await reader.load(session)
  if (!before.ok) return before
  await promote(replica)
  primary = replica
  await using writer = await openStore(replica)
  expect(await writer.appendLabels(session, ['PII'])).toEqual({ ok: true })
  return await patience(async () => reader.load(session))
}

line('6: an old primary answers, and nothing made it stop', {
  off: ['fence', 'topology'],
  happen: async (build) =>
    loadAfterPromotion(build, { durability: { replicas: 1 } }, async (load) => await load()),
  lost: (load: RemoteLoad) => expect(load).toEqual(EMPTY),
  // Its settings were looked at before it was ever used.
  stopped: (load) =>
    expect(load).toMatchObject({ ok: false, error: { code: 'ERR_STORE_UNSAFE_SERVER', reason: 'fence' } }),
})

line('6: an old primary answers over connections that are still open', {
  off: ['topology'],
  happen: async (build) =>
    loadAfterPromotion(build, { durability: 'bestEffort', checks: 'off' }, async (load) => {
      const limit = performance.now() + WATCH_MS
      for (;;) {
        const loaded = await load()
        if ((loaded.ok && loaded.labels.length > 0) || performance.now() > limit) return loaded
      }
    }),
  lost: (load: RemoteLoad) => expect(load).toEqual(EMPTY),
  stopped: (load) => expect(load).toEqual({ ok: true, labels: ['PII'] }),
})

line('7: a failover loses what no replica had', {
  off: ['wait'],
  async happen(build) {
    await using primary = await startServer()
    await using cable = await FaultProxy.open(primary.port)
    await using replica = await startReplica(primary, cable.port)
    const session = randomUUID()
    await using writer = await RemoteStore.open(build, {
      endpoint: primary.url,
      durability: { replicas: 1 },
    })
    expect(await writer.append(session, ['before'])).toEqual({ ok: true })
    await using admin = await connect(replica.port)
    await until(
      'the first label is replicated',
      async () => (await admin.send('EXISTS', keyOf(session))) === 1,
    )
    await cable.inject({ kind: 'blackHole', direction: 'toClient' })
    const append = await writer.append(session, ['PII'])
    await primary.stop('SIGKILL')
    await cable.inject({ kind: 'reset' })
    await promote(replica)
    // Another node, which never knew the session.
    await using reader = await openStore(replica)
    const load = await reader.loadLabels(session)
    return { append, labels: load.ok ? [...load.labels] : undefined }
  },
  lost({ append, labels }) {
    expect(append).toEqual({ ok: true })
    expect(labels).toEqual(['before'])
  },
  stopped({ append, labels }) {
    // The same loss, and nobody was told that there was nothing to lose.
    expect(labels).toEqual(['before'])
    expect(append).toMatchObject({
      ok: false,
      error: { code: 'ERR_STORE_NOT_DURABLE', reason: 'replicas', indeterminate: true },
    })
  },
})
