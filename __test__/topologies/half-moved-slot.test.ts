// A slot that is on its way from one node to another while replicas must confirm appends.

import { type SessionStore, openSessionStore } from 'indelible'
import { afterEach, expect, test } from 'vitest'

import { Parts } from '../support/topologies/parts.js'
import { until } from '../support/topologies/until.js'
import { type ClusterNode, ValkeyCluster, sessionInSlot } from '../support/topologies/valkey-cluster.js'
import { keyOf, labelsOf } from '../valkey/support/store.js'

/** A cluster has to come up. */
const LIMIT_MS = 90_000
/** What replicas may take to confirm, in milliseconds. */
const TIMEOUT_MS = 1_000

const NOT_DURABLE = {
  ok: false,
  error: { code: 'ERR_STORE_NOT_DURABLE', reason: 'replicas', indeterminate: true },
}

const parts = new Parts()
afterEach(() => parts[Symbol.asyncDispose]())

interface Scene {
  readonly store: SessionStore
  /** The first primary: it has the slots from 0. */
  readonly from: ClusterNode
  readonly fromReplica: ClusterNode
  readonly to: ClusterNode
  readonly toReplica: ClusterNode
}

async function scene(): Promise<Scene> {
  // A replica is frozen for longer than a fence of one second lets pass.
  const config = { 'min-replicas-max-lag': 30 }
  const cluster = parts.add(await ValkeyCluster.start({ primaries: 2, nodeTimeoutMs: 30_000, config }))
  const store = parts.add(
    await openSessionStore({
      kind: 'valkey',
      topology: 'cluster',
      endpoints: cluster.endpoints,
      checks: 'warn',
      commandTimeoutMs: 2 * TIMEOUT_MS,
      durability: { replicas: 1, timeoutMs: TIMEOUT_MS },
    }),
  )
  const [from, to] = [await cluster.primaryOf(0), await cluster.primaryOf(16_383)]
  const replicaOf = async (primary: ClusterNode): Promise<ClusterNode> => {
    const [replica] = await cluster.replicasOf(primary)
    if (replica === undefined) throw new Error('each primary has a replica')
    return replica
  }
  // Every lane is open, so that what follows is written at once.
  expect(await store.appendLabels([0, 16_383].map(sessionInSlot), ['warm'])).toEqual({ ok: true })
  return { store, from, to, fromReplica: await replicaOf(from), toReplica: await replicaOf(to) }
}

/** From now on `from` sends on whoever asks for a key in `slot` that it does not have. */
async function beginToMove({ from, to }: Scene, slot: number): Promise<void> {
  await to.peer.run('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', from.id)
  await from.peer.run('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', to.id)
}

/** Whether a node, a replica or one that a slot is on its way to, has a key. */
async function has({ peer }: ClusterNode, slot: number, key: string): Promise<boolean> {
  const keys = await peer.run('CLUSTER', 'GETKEYSINSLOT', String(slot), '10')
  return Array.isArray(keys) && keys.includes(key)
}

test.each([
  ['first', 1, 2],
  ['last', 4, 3],
])(
  'a label that is sent on is not held up by the group it was %s of, nor confirmed by its replicas',
  async (_, moving, staying) => {
    const here = await scene()
    const { store, from, fromReplica, toReplica } = here
    await beginToMove(here, moving)
    fromReplica.peer.server.freeze()
    // One turn is one group: the replica of neither is asked before both are written.
    const inOrder = [moving, staying].toSorted((one, other) => one - other)
    const appends = inOrder.map((slot) => store.appendLabels(sessionInSlot(slot), ['NEW']))
    await until('a group that waits for the replica', async () => {
      return Number((await from.peer.info('clients'))['blocked_clients']) > 0
    })
    const [movingEnd, stayingEnd] = [
      await appends[inOrder.indexOf(moving)],
      await appends[inOrder.indexOf(staying)],
    ]
    expect(stayingEnd).toMatchObject(NOT_DURABLE)
    expect(movingEnd).toEqual({ ok: true })
    expect(await has(toReplica, moving, keyOf(sessionInSlot(moving)))).toBe(true)
    fromReplica.peer.server.thaw()
    expect(labelsOf(await store.loadLabels([moving, staying].map(sessionInSlot)))).toEqual(['NEW'])
  },
  LIMIT_MS,
)

test(
  'where the move stops half-way, appends that change something are confirmed as everywhere',
  async () => {
    const here = await scene()
    const { store, from, fromReplica } = here
    const session = sessionInSlot(0)
    // What the last append was confirmed by is still there for a second: only a new key is sent on.
    await from.peer.run('DEL', `{${keyOf(session)}}:sync`)
    await beginToMove(here, 0)
    expect(await store.appendLabels(session, ['NEW'])).toEqual({ ok: true })
    // Nothing new can be written there that a WAIT could ask about.
    expect(await store.appendLabels(session, ['NEW'])).toMatchObject({
      ok: false,
      error: { code: 'ERR_STORE_NOT_PRIMARY', reason: 'redirect', indeterminate: true },
    })
    fromReplica.peer.server.freeze()
    expect(await store.appendLabels(session, ['UNCONFIRMED'])).toMatchObject(NOT_DURABLE)
    fromReplica.peer.server.thaw()
  },
  LIMIT_MS,
)
