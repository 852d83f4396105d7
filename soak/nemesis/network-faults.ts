import type { Host, LinkFault, Network } from '../../__test__/support/topologies/network.js'
import type { Random } from '../random.js'
import type { Fault } from './fault.js'

/** Faults between some of the hosts that nodes run on and some of those that servers run on. */
export function networkFaults(
  network: Network,
  nodes: readonly Host[],
  servers: readonly Host[],
): readonly Fault[] {
  const fault = (name: string, lasts: Fault['lasts'], make: (random: Random) => LinkFault): Fault => ({
    name,
    kind: 'access',
    lasts,
    async strike({ random }) {
      const cut = network.cut(some(nodes, random), some(servers, random), make(random))
      return async () => cut.heal()
    },
  })
  return [
    fault('partition', [500, 4_000], () => ({ kind: 'blackHole' })),
    fault('requests lost', [300, 2_000], () => ({ kind: 'blackHole', direction: 'toServer' })),
    fault('replies lost', [300, 2_000], () => ({ kind: 'blackHole', direction: 'toClient' })),
    fault('slow network', [500, 3_000], (random) => ({ kind: 'delay', ms: random.between(5, 300) })),
    fault('connections reset', [200, 1_500], () => ({ kind: 'reset' })),
    fault('replies cut', [200, 1_500], (random) => ({
      kind: 'cut',
      direction: 'toClient',
      afterBytes: random.below(2_000),
    })),
  ]
}

/** Each with even chance, but at least one. */
function some(hosts: readonly Host[], random: Random): readonly Host[] {
  const chosen = hosts.filter(() => random.chance(0.5))
  return chosen.length === 0 ? [random.pick(hosts)] : chosen
}
