// What a cluster does to labels, each event alone and with its exact outcome (docs/soundness.md, lines 5 to 7 and 23).

import { randomUUID } from 'node:crypto'

import { type SessionStore, openSessionStore } from 'indelible'
import { afterEach, describe, expect, test } from 'vitest'

import { now } from '../../soak/history/operation.js'
import { Network } from '../support/topologies/network.js'
import { Parts } from '../support/topologies/parts.js'
import {
  type ClusterNode,
  type ValkeyClusterOptions,
  ValkeyCluster,
  sessionInSlot,
} from '../support/topologies/valkey-cluster.js'
import { until } from '../support/topologies/until.js'
import { keyOf, labelsOf } from '../valkey/support/store.js'
import { Traffic } from './support/traffic.js'

/** Until the nodes call one of them down, in milliseconds; then a replica is elected, which takes a second or two. */
const NODE_TIMEOUT_MS = 3_000
const DETECTION_MS = NODE_TIMEOUT_MS + 2_000
/** What recovery may take once a replica has taken over, in milliseconds. */
const RECOVERY_MS = 3_000
/** A test waits for a cluster to come up, and for a takeover or two. */
const LIMIT_MS = 90_000
/** What moving every slot may take: some 80,000 commands that change the configuration of a node. */
const MOVING_LIMIT_MS = 600_000
/**
 * Where times are not what is tested: nodes that keep their configuration on a busy disk are late now and then, and must
 * neither be called down nor refuse writes for that, nor let a call run out of time.
 */
const PATIENT_CLUSTER: ValkeyClusterOptions = {
  nodeTimeoutMs: 30_000,
  config: { 'min-replicas-max-lag': 30 },
}
const PATIENT_STORE = {
  checks: 'warn',
  commandTimeoutMs: 20_000,
  durability: { replicas: 1, timeoutMs: 10_000 },
}
/** So that the time of recovery is that of the servers. */
const BREAKER = { maxOpenMs: 1_000 }

const parts = new Parts()
afterEach(() => parts[Symbol.asyncDispose]())

async function startCluster(options: ValkeyClusterOptions = {}): Promise<ValkeyCluster> {
  return parts.add(await ValkeyCluster.start({ nodeTimeoutMs: NODE_TIMEOUT_MS, ...options }))
}

/** A store of that cluster which asks for one replica, unless told otherwise. */
async function openClusterStore(
  { endpoints }: ValkeyCluster,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<SessionStore> {
  const durability = { replicas: 1 }
  const config = { kind: 'valkey', topology: 'cluster', endpoints, durability, breaker: BREAKER }
  return parts.add(await openSessionStore({ ...config, ...settings }))
}

/** One session in each shard: of the first, the second and the third primary. */
const SESSIONS = [0, 6_000, 12_000].map(sessionInSlot)

function slotsOf({ slots }: ClusterNode): number[] {
  return slots.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, n) => first + n))
}

test(
  'several sessions of one call live on several nodes, and all of them answer',
  async () => {
    const cluster = await startCluster()
    const store = await openClusterStore(cluster)
    expect(await store.appendLabels(SESSIONS, ['shared'])).toEqual({ ok: true })
    for (const [n, session] of SESSIONS.entries()) {
      expect(await store.appendLabels(session, [`own-${n}`])).toEqual({ ok: true })
    }
    expect(labelsOf(await store.loadLabels(SESSIONS))).toEqual(['own-0', 'own-1', 'own-2', 'shared'])
    const owners = await Promise.all([0, 6_000, 12_000].map((slot) => cluster.primaryOf(slot)))
    expect(new Set(owners.map(({ id }) => id)).size).toBe(3)
    for (const [n, { peer }] of owners.entries()) {
      expect(String(await peer.run('SMEMBERS', keyOf(SESSIONS[n] ?? '')))).toContain(`own-${n}`)
    }
  },
  LIMIT_MS,
)

test(
  'appends of one turn go to different slots of one node, the idle one too',
  async () => {
    const cluster = await startCluster()
    const slots = [0, 1, 2]
    for (const durability of ['bestEffort', { replicas: 1 }]) {
      await using store = await openClusterStore(cluster, { durability })
      // The way in is known, and nothing is under way: such a turn is sent without a detour.
      expect(await store.loadLabels(SESSIONS)).toMatchObject({ ok: true })
      for (const label of ['first', 'again']) {
        const appends = slots.map((slot) => store.appendLabels(sessionInSlot(slot), [label]))
        expect(await Promise.all(appends)).toEqual(slots.map(() => ({ ok: true })))
      }
    }
    for (const slot of slots) {
      const owner = await cluster.primaryOf(slot)
      expect(await owner.peer.run('SMEMBERS', keyOf(sessionInSlot(slot)))).toHaveLength(2)
    }
  },
  LIMIT_MS,
)

describe('a replica takes over', () => {
  test.each([
    ['planned', []],
    ['forced', ['FORCE']],
  ])(
    '%s, under load: nothing is lost, and the store finds it within 3 seconds',
    async (_, how) => {
      const cluster = await startCluster()
      await using one = await openClusterStore(cluster)
      await using other = await openClusterStore(cluster)
      await using traffic = new Traffic([one, other], SESSIONS)
      await traffic.served()
      const old = await cluster.primaryOf(0)
      const [replica] = await cluster.replicasOf(old)
      await replica?.peer.run('CLUSTER', 'FAILOVER', ...how)
      await until('the replica to take over', async () => (await cluster.primaryOf(0)).id === replica?.id)
      const switched = now()
      await traffic.served(switched)
      expect(now() - switched).toBeLessThan(RECOVERY_MS)
      await traffic.stop()
    },
    LIMIT_MS,
  )

  test(
    'from a killed primary',
    async () => {
      const cluster = await startCluster({ replicas: 2, primaries: 3 })
      await using store = await openClusterStore(cluster)
      await using traffic = new Traffic([store], SESSIONS)
      await traffic.served()
      const old = await cluster.primaryOf(0)
      const replicas = await cluster.replicasOf(old)
      await old.peer.server.stop('SIGKILL')
      await until('a replica to take over', async () => {
        const primaries = await cluster.primaries(replicas[0]?.peer)
        return primaries.some(({ id }) => replicas.some((replica) => replica.id === id))
      })
      const switched = now()
      await traffic.served(switched)
      expect(now() - switched).toBeLessThan(RECOVERY_MS)
      await traffic.stop()
    },
    LIMIT_MS,
  )

  test(
    'from a zombie: frozen, replaced and resumed, the old primary gives no load that lacks a label',
    async () => {
      const cluster = await startCluster()
      await using one = await openClusterStore(cluster)
      await using other = await openClusterStore(cluster)
      await using traffic = new Traffic([one, other], SESSIONS)
      await traffic.served()
      const old = await cluster.primaryOf(0)
      const [replica] = await cluster.replicasOf(old)
      old.peer.server.freeze()
      await until('the replica to take over', async () => {
        const found = (await cluster.nodes(replica?.peer)).find(({ id }) => id === replica?.id)
        return found?.isPrimary === true && found.slots.length > 0
      })
      old.peer.server.thaw()
      const resumed = now()
      await traffic.served(resumed)
      expect(now() - resumed).toBeLessThan(RECOVERY_MS)
      await traffic.stop()
    },
    LIMIT_MS,
  )

  test(
    'that has not heard of a label: it was not acknowledged',
    async () => {
      const network = parts.add(new Network())
      const cluster = await startCluster({ network })
      const session = sessionInSlot(0)
      const store = await openClusterStore(cluster)
      expect(await store.appendLabels(session, ['BEFORE'])).toEqual({ ok: true })
      const old = await cluster.primaryOf(0)
      const replicas = await cluster.replicasOf(old)
      const cut = network.cut(
        [old.peer].flatMap(({ host }) => host ?? []),
        replicas.flatMap(({ peer: { host } }) => host ?? []),
      )
      expect(await store.appendLabels(session, ['UNREPLICATED'])).toMatchObject({
        ok: false,
        error: { code: 'ERR_STORE_NOT_DURABLE', reason: 'replicas', indeterminate: true },
      })
      await old.peer.server.stop('SIGKILL')
      await until('the replica to take over', async () => {
        return (await cluster.primaries(replicas[0]?.peer)).some(({ id }) => id === replicas[0]?.id)
      })
      cut.heal()
      await old.peer.server.restart()
      await cluster.settled()
      const fresh = await openClusterStore(cluster)
      expect(labelsOf(await fresh.loadLabels(session))).toEqual(['BEFORE'])
    },
    LIMIT_MS,
  )
})

test(
  'every slot moves, under load: nothing is lost, and no redirection reaches a caller',
  async () => {
    const cluster = await startCluster(PATIENT_CLUSTER)
    const sessions = [...SESSIONS, ...Array.from({ length: 5 }, () => randomUUID())]
    await using store = await openClusterStore(cluster, PATIENT_STORE)
    await using traffic = new Traffic([store], sessions)
    await traffic.served()
    const before = await cluster.primaries()
    for (const [n, from] of before.entries()) {
      const to = before[(n + 1) % before.length]
      if (to !== undefined) await cluster.moveSlots(from, to, slotsOf(from))
      // One that gives slots away before all have heard of its newest ones may be talked out of those.
      await cluster.settled()
    }
    const moved = await cluster.primaries()
    for (const [n, { slots }] of before.entries()) {
      const owner = moved.find(({ id }) => id === before[(n + 1) % before.length]?.id)
      expect(owner?.slots).toEqual(slots)
    }
    await traffic.served()
    const history = await traffic.stop()
    expect(history.length).toBeGreaterThan(500)
    expect(history.filter(({ result }) => result !== 'ok')).toEqual([])
  },
  MOVING_LIMIT_MS,
)

describe('a lost shard', () => {
  /** Kills the primary of slot 0 and its replica. */
  async function lose(cluster: ValkeyCluster): Promise<() => Promise<void>> {
    const primary = await cluster.primaryOf(0)
    const shard = [primary, ...(await cluster.replicasOf(primary))].map(({ peer }) => peer.server)
    await Promise.all(shard.map((server) => server.stop('SIGKILL')))
    return async () => {
      await Promise.all(shard.map((server) => server.restart()))
      await cluster.settled()
    }
  }

  async function bringBack(store: SessionStore, restart: () => Promise<void>): Promise<void> {
    await restart()
    await expect.poll(async () => (await store.loadLabels(SESSIONS)).ok, { timeout: RECOVERY_MS }).toBe(true)
    expect(labelsOf(await store.loadLabels(SESSIONS))).toEqual(['BEFORE'])
  }

  test(
    'where full coverage is not required: its sessions fail, those of the others are served as before',
    async () => {
      const cluster = await startCluster({ config: { 'cluster-require-full-coverage': 'no' } })
      const store = await openClusterStore(cluster)
      const [lost = '', ...others] = SESSIONS
      expect(await store.appendLabels(SESSIONS, ['BEFORE'])).toEqual({ ok: true })
      const restart = await lose(cluster)
      await using traffic = new Traffic([store], [6_001, 12_001].map(sessionInSlot))
      const codes = new Set<string>()
      const end = now() + DETECTION_MS
      while (now() < end) {
        const load = await store.loadLabels(lost)
        if (load.ok) throw new Error('nobody is left to answer')
        codes.add([load.error.code, load.error.reason].join(' ').trim())
        expect(await store.loadLabels([lost, ...others])).toMatchObject({ ok: false })
      }
      expect([...codes].toSorted()).toEqual(['ERR_STORE_CIRCUIT_OPEN', 'ERR_STORE_UNAVAILABLE refused'])
      const history = await traffic.stop()
      expect(history.length).toBeGreaterThan(100)
      expect(history.filter(({ result }) => result !== 'ok')).toEqual([])
      await bringBack(store, restart)
    },
    LIMIT_MS,
  )

  test(
    'where it is required: everything fails as cluster-down once the others have noticed',
    async () => {
      const cluster = await startCluster()
      const store = await openClusterStore(cluster)
      expect(await store.appendLabels(SESSIONS, ['BEFORE'])).toEqual({ ok: true })
      const restart = await lose(cluster)
      for (const session of SESSIONS.slice(1)) {
        await until('the others to notice', async () => {
          const load = await store.loadLabels(session)
          return (
            !load.ok && load.error.code === 'ERR_STORE_UNAVAILABLE' && load.error.reason === 'cluster-down'
          )
        })
      }
      await bringBack(store, restart)
    },
    LIMIT_MS,
  )
})
