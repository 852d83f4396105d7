import { setTimeout as delay } from 'node:timers/promises'

import type { Network } from '../../__test__/support/topologies/network.js'
import type { Peer } from '../../__test__/support/topologies/peer.js'
import type { Fault, Heal } from './fault.js'

/** A primary and those that follow it. */
export interface Shard {
  readonly primary: Peer
  readonly replicas: readonly Peer[]
}

/** Faults between primaries and their replicas, which clients do not see. */
export function replicaFaults(network: Network, shards: () => Promise<readonly Shard[]>): readonly Fault[] {
  const cut = ({ primary, replicas }: Shard): Heal => {
    const { heal } = network.cut(hosts([primary]), hosts(replicas))
    return async () => heal()
  }
  return [
    {
      name: 'replication cut',
      kind: 'data',
      lasts: [500, 2_500],
      async strike({ random }) {
        const { primary, replicas } = random.pick(await shards())
        return cut({ primary, replicas: random.chance(0.5) ? replicas : [random.pick(replicas)] })
      },
    },
    {
      // What the primary took in between is not on any replica: it must not have been acknowledged.
      name: 'replication cut, then primary killed',
      kind: 'data',
      lasts: [5_000, 6_500],
      async strike({ random }) {
        const shard = random.pick(await shards())
        const heal = cut(shard)
        await delay(random.between(300, 900))
        await shard.primary.server.stop('SIGKILL')
        return async () => {
          await heal()
          await shard.primary.server.restart()
        }
      },
    },
  ]
}

function hosts(peers: readonly Peer[]) {
  return peers.flatMap(({ host }) => host ?? [])
}
