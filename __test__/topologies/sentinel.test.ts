// What a Sentinel group does to labels, each event alone and with its exact outcome (docs/soundness.md, lines 5 to 7).

import { randomUUID } from 'node:crypto'

import { type SessionStore, openSessionStore } from 'indelible'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { now } from '../../soak/history/operation.js'
import { type Host, Network } from '../support/topologies/network.js'
import { SentinelGroup } from '../support/topologies/sentinel-group.js'
import { until } from '../support/topologies/until.js'
import { keyOf, labelsOf, openStore } from '../valkey/support/store.js'
import { Traffic } from './support/traffic.js'

/** Until the sentinels call a primary down, in milliseconds. */
const DOWN_AFTER_MS = 3_000
/**
 * What recovery may take once they have named another, in milliseconds. Until then is theirs: a vote without a majority is
 * held again after twice the failover time-out.
 */
const RECOVERY_MS = 3_000
/** A test waits for one or two failovers. */
const LIMIT_MS = 60_000

let network: Network
let group: SentinelGroup

beforeAll(async () => {
  network = new Network()
  group = await SentinelGroup.start({ network, downAfterMs: DOWN_AFTER_MS })
})
afterAll(async () => {
  await group[Symbol.asyncDispose]()
  await network[Symbol.asyncDispose]()
})

/** A store of this group that asks for one replica, unless told otherwise. */
async function openGroupStore(settings: Readonly<Record<string, unknown>> = {}): Promise<SessionStore> {
  const durability = { replicas: 1 }
  return openSessionStore({
    kind: 'valkey',
    topology: group.topology,
    durability,
    breaker: BREAKER,
    ...settings,
  })
}

/** So that the time of recovery is that of the servers. */
const BREAKER = { maxOpenMs: 1_000 }

function hostsOf(parts: readonly { readonly host: Host | undefined }[]): Host[] {
  return parts.flatMap(({ host }) => host ?? [])
}

test('a healthy group: appends wait for a replica that has them', async () => {
  await group.settled()
  const session = randomUUID()
  await using store = await openGroupStore()
  expect(await store.appendLabels(session, ['a'])).toEqual({ ok: true })
  expect(labelsOf(await store.loadLabels(session))).toEqual(['a'])
  const held = await Promise.all(group.peers.map((peer) => peer.run('SMEMBERS', keyOf(session))))
  expect(held.filter((labels) => String(labels) === 'a').length).toBeGreaterThanOrEqual(2)
})

test(
  'a killed primary: a replica takes over, and what was acknowledged is there',
  async () => {
    await group.settled()
    await using one = await openGroupStore()
    await using other = await openGroupStore()
    await using traffic = new Traffic([one, other])
    await traffic.served()
    const old = await group.primary()
    await old.server.stop('SIGKILL')
    await group.successorOf(old)
    const switched = now()
    await traffic.served(switched)
    expect(now() - switched).toBeLessThan(RECOVERY_MS)
    await traffic.stop()
    await old.server.restart()
  },
  LIMIT_MS,
)

test(
  'a zombie primary: frozen, replaced and resumed, it answers plain clients, and none of ours',
  async () => {
    await group.settled()
    const session = randomUUID()
    await using one = await openGroupStore()
    await using other = await openGroupStore()
    await using traffic = new Traffic([one, other])
    await traffic.served()

    const old = await group.primary()
    // A store that knows only the old primary, as if nobody had told it of the switch.
    await using stale = await openStore(old.server, { breaker: BREAKER })
    expect(await stale.loadLabels(session)).toMatchObject({ ok: true })
    old.server.freeze()
    await group.successorOf(old)
    const switched = now()
    await traffic.served(switched)
    expect(now() - switched).toBeLessThan(RECOVERY_MS)
    await using fresh = await openGroupStore()
    expect(await fresh.appendLabels(session, ['AFTER'])).toEqual({ ok: true })

    old.server.thaw()
    expect(String(await old.run('SMEMBERS', keyOf(session)))).not.toContain('AFTER')
    const refusals = new Set<string>()
    await until('the old primary to be a replica', async () => {
      const load = await stale.loadLabels(session)
      if (load.ok) expect([...load.labels]).toContain('AFTER')
      else refusals.add([load.error.code, load.error.reason].join(' '))
      return (await old.info('replication'))['role'] === 'slave'
    })
    expect(refusals).toContain('ERR_STORE_NOT_PRIMARY no-replicas')
    await traffic.served()
    await traffic.stop()
  },
  LIMIT_MS,
)

test(
  'split brain: the old primary acknowledges nothing, and soon answers nothing',
  async () => {
    await group.settled()
    const session = randomUUID()
    const old = await group.primary()
    await using stale = await openStore(old.server, { breaker: BREAKER, durability: { replicas: 1 } })
    await using store = await openGroupStore()
    expect(await stale.appendLabels(session, ['BEFORE'])).toEqual({ ok: true })
    await using traffic = new Traffic([store])
    await traffic.served()

    const near = hostsOf([old, ...group.sentinels.slice(0, 1)])
    const cut = network.cut(
      near,
      hostsOf([...group.peers, ...group.sentinels]).filter((host) => !near.includes(host)),
    )
    onTestFinished(cut.heal)
    expect(await stale.appendLabels(session, ['CUT'])).toMatchObject({
      ok: false,
      error: { code: 'ERR_STORE_NOT_DURABLE', reason: 'replicas', indeterminate: true },
    })
    // The fence closes within `min-replicas-max-lag` and two seconds, and before anybody else is promoted.
    await until('the fence to close', async () => {
      const load = await stale.loadLabels(session)
      return !load.ok && load.error.reason === 'no-replicas'
    })
    expect(await group.namedPrimary()).toBe(old)
    expect(await stale.appendLabels(session, ['CUT'])).toMatchObject({
      ok: false,
      error: expect.objectContaining({
        code: expect.stringMatching(/^ERR_STORE_(?:NOT_PRIMARY|CIRCUIT_OPEN)$/),
      }),
    })

    const successor = await group.successorOf(old)
    const switched = now()
    await traffic.served(switched)
    expect(now() - switched).toBeLessThan(RECOVERY_MS)
    expect(await store.appendLabels(session, ['AFTER'])).toEqual({ ok: true })
    cut.heal()
    await group.settled()
    expect(await group.primary()).toBe(successor)
    const labels = labelsOf(await store.loadLabels(session))
    expect(labels).toEqual(['AFTER', 'BEFORE'])
    await traffic.stop()
  },
  LIMIT_MS,
)

describe('a failover that loses what was not replicated', () => {
  /** Lets `append` happen on a primary that no replica hears any more, and then kills it. */
  async function unreplicated(append: () => Promise<void>): Promise<void> {
    const old = await group.primary()
    const cut = network.cut(hostsOf([old]), hostsOf(await group.replicas()))
    onTestFinished(cut.heal)
    await append()
    await old.server.stop('SIGKILL')
    await group.successorOf(old)
    cut.heal()
    await old.server.restart()
    await group.settled()
  }

  test(
    'is not acknowledged with replicas: 1',
    async () => {
      await group.settled()
      const session = randomUUID()
      await using store = await openGroupStore()
      expect(await store.appendLabels(session, ['BEFORE'])).toEqual({ ok: true })
      await unreplicated(async () => {
        expect(await store.appendLabels(session, ['UNREPLICATED'])).toMatchObject({
          ok: false,
          error: { code: 'ERR_STORE_NOT_DURABLE', reason: 'replicas', indeterminate: true },
        })
      })
      await using fresh = await openGroupStore()
      expect(labelsOf(await fresh.loadLabels(session))).toEqual(['BEFORE'])
    },
    LIMIT_MS,
  )

  test(
    'is what bestEffort allows: only a node that knew of the label gives it back',
    async () => {
      await group.settled()
      const session = randomUUID()
      await using knows = await openGroupStore({ durability: 'bestEffort' })
      expect(await knows.appendLabels(session, ['BEFORE'])).toEqual({ ok: true })
      await unreplicated(async () => {
        expect(await knows.appendLabels(session, ['UNREPLICATED'])).toEqual({ ok: true })
      })
      await using fresh = await openGroupStore({ durability: 'bestEffort' })
      expect(labelsOf(await fresh.loadLabels(session))).toEqual(['BEFORE'])
      await expect.poll(async () => (await knows.loadLabels(session)).ok, { timeout: 10_000 }).toBe(true)
      expect(labelsOf(await knows.loadLabels(session))).toEqual(['BEFORE', 'UNREPLICATED'])
      expect(labelsOf(await fresh.loadLabels(session))).toEqual(['BEFORE', 'UNREPLICATED'])
    },
    LIMIT_MS,
  )
})

test('a frozen replica: appends fail in time and may have happened, and loads go on', async () => {
  await group.settled()
  const session = randomUUID()
  await using store = await openGroupStore({ durability: { replicas: 2, timeoutMs: 300 } })
  expect(await store.appendLabels(session, ['BEFORE'])).toEqual({ ok: true })
  const [replica] = await group.replicas()
  replica?.server.freeze()
  try {
    const began = performance.now()
    const append = await store.appendLabels(session, ['FROZEN'])
    expect(append).toMatchObject({
      ok: false,
      error: { code: 'ERR_STORE_NOT_DURABLE', reason: 'replicas', indeterminate: true },
    })
    expect(performance.now() - began).toBeLessThan(300 + 100 + 500)
    expect(labelsOf(await store.loadLabels(session))).toContain('BEFORE')
  } finally {
    replica?.server.thaw()
  }
  await expect
    .poll(async () => (await store.appendLabels(session, ['AFTER'])).ok, { timeout: 10_000 })
    .toBe(true)
  expect(labelsOf(await store.loadLabels(session))).toEqual(expect.arrayContaining(['AFTER', 'BEFORE']))
})

test('all sentinels down: a store that has its primary goes on with it', async () => {
  await group.settled()
  const session = randomUUID()
  await using store = await openGroupStore()
  // Both kinds of connections are open: no new one could be made.
  expect(await store.appendLabels(session, ['BEFORE'])).toEqual({ ok: true })
  expect(labelsOf(await store.loadLabels(session))).toEqual(['BEFORE'])
  await Promise.all(group.sentinels.map(({ process }) => process.stop('SIGKILL')))
  try {
    expect(await store.appendLabels(session, ['DURING'])).toEqual({ ok: true })
    expect(labelsOf(await store.loadLabels(session))).toEqual(['BEFORE', 'DURING'])
  } finally {
    await Promise.all(group.sentinels.map(({ process }) => process.restart()))
  }
})
