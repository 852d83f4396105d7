import { Redis } from 'iovalkey'
import { peerKey, TTL_SECONDS, type LabelContestant } from '../contestant.js'
import { requireReplies } from '../ioredis-replies.js'

/** iovalkey, the Valkey fork of ioredis, with auto-pipelining. */
export async function open(url: string): Promise<LabelContestant> {
  const redis = new Redis(url, { enableAutoPipelining: true, lazyConnect: true })
  await redis.connect()
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
