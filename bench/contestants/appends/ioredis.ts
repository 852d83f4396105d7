import { Redis } from 'ioredis'
import { peerKey, TTL_SECONDS, type LabelContestant } from '../../contestant.js'
import { requireReplies } from '../../ioredis-replies.js'
import { REPLICAS, TIMEOUT_MS } from '../../topology/append-workload.js'

/** Connections: WAIT holds one up, so there is one for each caller of the suite. */
const POOL = 64

/** ioredis over a pool, each append followed by WAIT on its connection. */
export async function open(url: string): Promise<LabelContestant> {
  const pool = await Promise.all(
    Array.from({ length: POOL }, async () => {
      const redis = new Redis(url, { lazyConnect: true })
      await redis.connect()
      return redis
    }),
  )
  const idle = [...pool]
  return {
    async load(session) {
      return await (pool[0] as Redis).smembers(peerKey(session))
    },
    async append(session, labels) {
      const redis = idle.pop()
      if (redis === undefined) throw new Error(`more than ${POOL} callers`)
      const key = peerKey(session)
      const transaction = redis
        .multi()
        .sadd(key, ...labels)
        .expire(key, TTL_SECONDS, 'NX')
        .expire(key, TTL_SECONDS, 'GT')
      const [replies, replicas] = await Promise.all([transaction.exec(), redis.wait(REPLICAS, TIMEOUT_MS)])
      idle.push(redis)
      requireReplies(replies)
      if (replicas < REPLICAS) throw new Error('no replica has it')
    },
    async close() {
      await Promise.all(pool.map((redis) => redis.quit()))
    },
  }
}
