import { RedisBackend } from 'indelible/storage'
import { WINDOW_SECONDS, type IncrementContestant } from '../../increment-workload.js'

/** Our counter with its defaults: deadlines, breaker and retry budget are all on. */
export async function open(url: string): Promise<IncrementContestant> {
  const backend = await RedisBackend.connect({ url })
  const counter = backend.rateLimiter()
  return {
    async increment(key) {
      const result = await counter.hit(key, 1n, WINDOW_SECONDS)
      if (!result.ok) throw result.error
      return result.value.total
    },
    close: () => backend.close(),
  }
}
