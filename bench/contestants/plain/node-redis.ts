import { createClient } from 'redis'
import { peerKey, TTL_SECONDS, type LabelContestant } from '../../contestant.js'

/** node-redis as most code uses it: one call a command, pipelined by itself with what the same turn issues. */
export async function open(url: string): Promise<LabelContestant> {
  const client = createClient({ url })
  client.on('error', (error: Error) => {
    throw error
  })
  await client.connect()
  return {
    async load(session) {
      const key = peerKey(session)
      const [labels] = await Promise.all([client.sMembers(key), client.expire(key, TTL_SECONDS, 'GT')])
      return labels
    },
    async append(session, labels) {
      const key = peerKey(session)
      await client
        .multi()
        .sAdd(key, labels as string[])
        .expire(key, TTL_SECONDS, 'NX')
        .expire(key, TTL_SECONDS, 'GT')
        .exec()
    },
    async close() {
      await client.close()
    },
  }
}
