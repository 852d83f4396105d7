import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Network } from '../../__test__/support/topologies/network.js'
import { Parts } from '../../__test__/support/topologies/parts.js'
import { ValkeyCluster } from '../../__test__/support/topologies/valkey-cluster.js'
import { clusterFaults } from '../nemesis/cluster-faults.js'
import { networkFaults } from '../nemesis/network-faults.js'
import { type Shard, replicaFaults } from '../nemesis/replication-faults.js'
import { accessFaults, processFaults } from '../nemesis/server-faults.js'
import { Account } from './account.js'
import { DATA_SETTINGS, HOSTS, type Site, TTL_SECONDS, WITHOUT_FENCE } from './site.js'

/** Until the nodes have noticed and a replica has taken over, and then until a store has found it, in milliseconds. */
const RECOVERY_MS = 3_000 + 3_000 + 2_000

/**
 * Three primaries with a replica each: whichever server is killed, frozen or cut off, and wherever slots move, nothing
 * that was acknowledged is lost. Nothing is flushed: no generation stands watch over a cluster. The control's servers
 * have no fence.
 */
export async function openCluster(control: boolean): Promise<Site> {
  const parts = new Parts()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-soak-site-'))
    parts.add({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) })
    const account: Account = new Account(folder, () => cluster.peers.map(({ server }) => server))
    await account.ready()
    const network = parts.add(new Network())
    const hosts = Array.from({ length: HOSTS }, () => network.host())
    const config = control ? { ...DATA_SETTINGS, ...WITHOUT_FENCE } : DATA_SETTINGS
    const cluster = parts.add(await ValkeyCluster.start({ network, config, file: [account.line] }))

    const primaries = async () => (await cluster.primaries()).map(({ peer }) => peer.server)
    const replicas = async () => {
      const nodes = await cluster.nodes()
      return nodes.filter((node) => !node.isPrimary).map(({ peer }) => peer.server)
    }
    const shards = async (): Promise<readonly Shard[]> => {
      const nodes = await cluster.primaries()
      return Promise.all(
        nodes.map(async (node) => ({
          primary: node.peer,
          replicas: (await cluster.replicasOf(node)).map(({ peer }) => peer),
        })),
      )
    }
    const failovers = clusterFaults(network, cluster, hosts)
    return {
      hosts,
      storeConfig: {
        kind: 'valkey',
        topology: 'cluster',
        endpoints: cluster.endpoints,
        ...account.credentials,
        ttlSeconds: TTL_SECONDS,
        durability: { replicas: 1 },
      },
      route: { kind: 'cluster', ports: cluster.peers.map(({ port }) => port) },
      faults: [
        ...processFaults('primary', primaries),
        ...processFaults('replica', replicas),
        ...replicaFaults(network, shards),
        ...failovers.all,
        account.rotation,
        ...accessFaults(primaries),
        ...networkFaults(
          network,
          hosts,
          cluster.peers.flatMap(({ host }) => host ?? []),
        ),
      ],
      controlFaults: [failovers.zombie],
      keepsWhatWasSeen: false,
      recoveryMs: RECOVERY_MS,
      primaries,
      settled: () => cluster.settled(),
      [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
    }
  } catch (error) {
    await parts[Symbol.asyncDispose]()
    throw error
  }
}
