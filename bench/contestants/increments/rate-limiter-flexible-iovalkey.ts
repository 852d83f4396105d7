import { Redis } from 'iovalkey'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import { WINDOW_SECONDS, type IncrementContestant } from '../../increment-workload.js'

/**
 * rate-limiter-flexible on iovalkey with auto-pipelining. Not by its RateLimiterValkey, whose script runs on Valkey only:
 * the one for Redis does the same on both.
 */
export async function open(url: string): Promise<IncrementContestant> {
  const redis = new Redis(url, { enableAutoPipelining: true, lazyConnect: true })
  await redis.connect()
  const limiter = new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: 'rlflx',
    points: Number.MAX_SAFE_INTEGER,
    duration: WINDOW_SECONDS,
  })
  return {
    async increment(key) {
      const { consumedPoints } = await limiter.consume(key)
      return consumedPoints
    },
    async close() {
      await redis.quit()
    },
  }
}
