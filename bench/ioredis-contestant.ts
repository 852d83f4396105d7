import type { Cluster, Redis } from 'ioredis'
import { peerKey, TTL_SECONDS, type LabelContestant } from './contestant.js'
import { requireReplies } from './ioredis-replies.js'

/** An ioredis client that pipelines by itself what the same turn issues. */
export function ioredisContestant(redis: Redis | Cluster): LabelContestant {
  return {
    async load(session) {
      const key = peerKey(session)
      const [labels] = await Promise.all([redis.smembers(key), redis.expire(key, TTL_SECONDS, 'GT')])
      return labels
    },
    async append(session, labels) {
      const key = peerKey(session)
      const transaction = redis
        .multi()
        .sadd(key, ...labels)
        .expire(key, TTL_SECONDS, 'NX')
        .expire(key, TTL_SECONDS, 'GT')
      requireReplies(await transaction.exec())
    },
    async close() {
      await redis.quit()
    },
  }
}
