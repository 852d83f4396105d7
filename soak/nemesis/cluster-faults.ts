import type { Host, Network } from '../../__test__/support/topologies/network.js'
import type { ClusterNode, ValkeyCluster } from '../../__test__/support/topologies/valkey-cluster.js'
import { until } from '../../__test__/support/topologies/until.js'
import type { Random } from '../random.js'
import type { Fault } from './fault.js'

/** How long a primary is away until its replica has surely taken over, in milliseconds: from, to. */
const FAILOVER_MS = [5_500, 7_500] as const

/** Faults of a cluster as a whole. */
export interface ClusterFaults {
  readonly all: readonly Fault[]
  /** The one that a client without a fence cannot survive. */
  readonly zombie: Fault
}

/** Faults that make replicas take over, and that move slots. */
export function clusterFaults(
  network: Network,
  cluster: ValkeyCluster,
  nodes: readonly Host[],
): ClusterFaults {
  const zombie: Fault = {
    name: 'zombie primary',
    kind: 'data',
    lasts: FAILOVER_MS,
    async strike({ random }) {
      const old = random.pick(await cluster.primaries())
      const [replica] = await cluster.replicasOf(old)
      old.peer.server.freeze()
      return async () => {
        await until('the replica to take over', async () => isPrimary(cluster, replica))
        old.peer.server.thaw()
      }
    },
  }
  const splitBrain: Fault = {
    name: 'split brain',
    kind: 'data',
    lasts: FAILOVER_MS,
    async strike({ random }) {
      // The old primary keeps one host of nodes on its side.
      const old = random.pick(await cluster.primaries())
      const near = [old.peer.host, random.pick(nodes)]
      const all = [...cluster.peers.map(({ host }) => host), ...nodes]
      const given = (hosts: readonly (Host | undefined)[]): Host[] => hosts.flatMap((host) => host ?? [])
      const cut = network.cut(given(near), given(all.filter((host) => !near.includes(host))))
      return async () => cut.heal()
    },
  }
  return {
    all: [
      zombie,
      splitBrain,
      failover(cluster, 'planned failover'),
      failover(cluster, 'forced failover', 'FORCE'),
      slotsMoved(cluster),
    ],
    zombie,
  }
}

function failover(cluster: ValkeyCluster, name: string, ...how: readonly string[]): Fault {
  return {
    name,
    kind: 'data',
    lasts: [500, 1_500],
    async strike({ random }) {
      const [replica] = await cluster.replicasOf(random.pick(await cluster.primaries()))
      await replica?.peer.run('CLUSTER', 'FAILOVER', ...how)
      return async () =>
        void (await until('the replica to take over', async () => isPrimary(cluster, replica)))
    },
  }
}

/** Half of the slots of one primary go to another, with their keys and under load. */
function slotsMoved(cluster: ValkeyCluster): Fault {
  return {
    name: 'slots moved',
    kind: 'data',
    lasts: [0, 0],
    async strike({ random }) {
      const primaries = await cluster.primaries()
      const from = primaries.reduce((most, node) =>
        slotsOf(node).length > slotsOf(most).length ? node : most,
      )
      const to = random.pick(primaries.filter((node) => node !== from))
      await cluster.moveSlots(from, to, half(slotsOf(from), random))
      return async () => undefined
    },
  }
}

async function isPrimary(cluster: ValkeyCluster, node: ClusterNode | undefined): Promise<boolean> {
  const found = (await cluster.nodes(node?.peer)).find(({ id }) => id === node?.id)
  return found?.isPrimary === true && found.slots.length > 0
}

function slotsOf({ slots }: ClusterNode): number[] {
  return slots.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, n) => first + n))
}

function half(slots: readonly number[], random: Random): readonly number[] {
  const start = random.below(slots.length / 2)
  return slots.slice(start, start + slots.length / 2)
}
