import { RedisBackend } from 'indelible/storage'
import type { SessionContestant } from '../../session-workload.js'

/** Our session records with their defaults: deadlines, breaker and retry budget are all on. */
export async function open(url: string): Promise<SessionContestant> {
  const backend = await RedisBackend.connect({ url })
  const records = backend.sessions()
  return {
    async save({ id, agentId, startedAtNs }) {
      const result = await records.save({ sessionId: id, agentId, startedAtNs: BigInt(startedAtNs) })
      if (!result.ok) throw result.error
    },
    async load(id) {
      const result = await records.load(id)
      if (!result.ok) throw result.error
      return String(result.value?.startedAtNs)
    },
    close: () => backend.close(),
  }
}
