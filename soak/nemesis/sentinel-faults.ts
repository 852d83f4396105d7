import type { Host, Network } from '../../__test__/support/topologies/network.js'
import { SERVICE, type SentinelGroup } from '../../__test__/support/topologies/sentinel-group.js'
import type { Fault } from './fault.js'

/** How long a primary is away until another one has surely been promoted, in milliseconds: from, to. */
const FAILOVER_MS = [5_000, 7_000] as const

/** Faults of a group as a whole. */
export interface SentinelFaults {
  readonly all: readonly Fault[]
  /** The one that a client without a fence cannot survive. */
  readonly zombie: Fault
}

/** Faults that make the sentinels choose another primary, or keep them from it. */
export function sentinelFaults(
  network: Network,
  group: SentinelGroup,
  nodes: readonly Host[],
): SentinelFaults {
  const zombie: Fault = {
    name: 'zombie primary',
    kind: 'data',
    lasts: FAILOVER_MS,
    async strike() {
      const old = await group.primary()
      old.server.freeze()
      return async () => {
        await group.successorOf(old)
        old.server.thaw()
      }
    },
  }
  const splitBrain: Fault = {
    name: 'split brain',
    kind: 'data',
    lasts: FAILOVER_MS,
    async strike({ random }) {
      // The old primary keeps one sentinel and one host of nodes on its side; the rest chooses another.
      const old = await group.primary()
      const near = [old.host, random.pick(group.sentinels).host, random.pick(nodes)]
      const all = [...[...group.peers, ...group.sentinels].map(({ host }) => host), ...nodes]
      const far = all.filter((host) => !near.includes(host))
      const cut = network.cut(near.flatMap(given), far.flatMap(given))
      return async () => cut.heal()
    },
  }
  const planned: Fault = {
    name: 'planned failover',
    kind: 'data',
    lasts: [500, 1_500],
    async strike({ random }) {
      const old = await group.primary()
      await random.pick(group.sentinels).run('SENTINEL', 'FAILOVER', SERVICE)
      return async () => void (await group.successorOf(old))
    },
  }
  return { all: [zombie, splitBrain, planned, sentinelsKilled(group)], zombie }
}

/** Any number of sentinels, all of them included: the primary goes on. */
function sentinelsKilled(group: SentinelGroup): Fault {
  return {
    name: 'sentinels killed',
    kind: 'data',
    lasts: [500, 4_000],
    async strike({ random }) {
      const victims = group.sentinels.filter(() => random.chance(0.6))
      await Promise.all(victims.map(({ process }) => process.stop('SIGKILL')))
      return async () => void (await Promise.all(victims.map(({ process }) => process.restart())))
    },
  }
}

function given(host: Host | undefined): Host[] {
  return host === undefined ? [] : [host]
}
