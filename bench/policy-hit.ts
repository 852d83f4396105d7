import { MemoryPolicyStore, ReadThroughPolicyStore } from 'indelible/storage'

const AGENTS = 1_000
const READS = 1_000_000
const ROUNDS = 5

/**
 * Microseconds that an awaited read of a policy in memory takes: the median of rounds of a million reads each, after
 * one that warms up. Where the policy once came from makes no difference to it.
 */
export async function measurePolicyHit(): Promise<number> {
  const cache = new MemoryPolicyStore()
  using store = new ReadThroughPolicyStore(cache, { load: () => null })
  const agents = Array.from({ length: AGENTS }, (_, index) => index.toString(16).padStart(32, '0'))
  for (const agent of agents) {
    await cache.cachePolicy(agent, { version: 1, name: 'n', rules: [], enforcementMode: 'enforce' })
    await store.getPolicy(agent)
  }
  if (store.size !== AGENTS) throw new Error(`${store.size} of ${AGENTS} policies are in memory`)

  const micros: number[] = []
  for (let round = 0; round <= ROUNDS; round += 1) {
    const began = performance.now()
    for (let read = 0; read < READS; read += 1) {
      const result = await store.getPolicy(agents[read % AGENTS] as string)
      if (!result.ok) throw result.error
    }
    micros.push(((performance.now() - began) * 1_000) / READS)
  }
  return micros.slice(1).sort((a, b) => a - b)[ROUNDS >> 1] as number
}
