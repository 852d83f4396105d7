// The topologies themselves: that they come up, change over and are cut apart as the tests that use them rely on.

import { randomUUID } from 'node:crypto'

import { expect, test, vi } from 'vitest'

import { connect } from './resp.js'
import { ownServer } from './servers.js'
import { Network } from './topologies/network.js'
import { SentinelGroup } from './topologies/sentinel-group.js'
import { SLOTS, ValkeyCluster, sessionInSlot, slotOf } from './topologies/valkey-cluster.js'
import { until } from './topologies/until.js'

const server = ownServer()

/** Servers that agree among themselves take their time on a busy machine: longer than another test may. */
vi.setConfig({ testTimeout: 90_000 })

/** With less, another sentinel may begin a second failover before the first has ended, and choose the old primary again. */
const DOWN_AFTER_MS = 2_000

test('a sentinel group promotes a replica when its primary is cut off, and takes it back', async () => {
  await using network = new Network()
  await using group = await SentinelGroup.start({ network, downAfterMs: DOWN_AFTER_MS })
  const old = await group.primary()
  const others = [...(await group.replicas()), ...group.sentinels].flatMap(({ host }) => host ?? [])
  await old.run('SET', 'k', 'v')
  const cut = network.cut([old.host ?? network.host()], others)
  const primary = await group.successorOf(old)
  expect(await primary.run('GET', 'k')).toBe('v')
  // It has been cut off: it still calls itself the primary, but its fence is closed.
  expect(await old.info('replication')).toMatchObject({ role: 'master' })
  await expect(old.run('SET', 'k', 'w')).rejects.toMatchObject({ code: 'NOREPLICAS' })
  cut.heal()
  await group.settled()
  expect(await group.primary()).toBe(primary)
})

test('a sentinel group without a network: a killed primary comes back as a replica', async () => {
  await using group = await SentinelGroup.start({ replicas: 1, downAfterMs: DOWN_AFTER_MS })
  const old = await group.primary()
  await old.server.stop('SIGKILL')
  await group.successorOf(old)
  await old.server.restart()
  await group.settled()
  expect(await old.info('replication')).toMatchObject({ role: 'slave' })
})

test('a cluster serves every slot, and a replica takes over from a primary that is cut off', async () => {
  await using network = new Network()
  await using cluster = await ValkeyCluster.start({ network, nodeTimeoutMs: 1_000 })
  const primaries = await cluster.primaries()
  expect(primaries).toHaveLength(3)
  const served = primaries.flatMap(({ slots }) => slots.map(([first, last]) => last - first + 1))
  expect(served.reduce((sum, count) => sum + count, 0)).toBe(SLOTS)

  const old = await cluster.primaryOf(0)
  const others = cluster.peers.filter((peer) => peer !== old.peer).flatMap(({ host }) => host ?? [])
  const cut = network.cut([old.peer.host ?? network.host()], others)
  const [witness] = (await cluster.replicasOf(old)).map(({ peer }) => peer)
  await until('another primary of slot 0', async () => {
    const nodes = await cluster.primaries(witness)
    return nodes.some(({ peer, slots }) => peer === witness && slots.some(([first]) => first === 0))
  })
  cut.heal()
  await cluster.settled()
  expect((await cluster.primaryOf(0)).peer).toBe(witness)
})

test('slots are reckoned as the servers do', async () => {
  await using cluster = await ValkeyCluster.start({ primaries: 3, replicas: 0 })
  const [peer] = cluster.peers
  if (peer === undefined) throw new Error('a cluster has peers')
  for (const key of ['', 'foo', randomUUID()]) {
    expect(await peer.run('CLUSTER', 'KEYSLOT', key)).toBe(slotOf(key))
  }
  expect(sessionInSlot(7)).toMatch(/^slot-7-/)
})

test('a network cuts single links', async () => {
  await using network = new Network()
  const [host, near, far] = [network.host(), network.host(), network.host()]
  const port = await host.expose(server().port)
  const ping = async (from: string) => {
    await using client = await connect(port, from)
    return await client.send('PING')
  }
  const cut = network.cut([far], [host], { kind: 'reset' })
  await expect(ping(far.address)).rejects.toThrow(/ECONNRESET|closed/)
  expect(await ping(near.address)).toBe('PONG')
  cut.heal()
  expect(await ping(far.address)).toBe('PONG')
})
