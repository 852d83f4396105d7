import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'
import { expressSessionContestant } from '../../express-session-contestant.js'
import type { SessionContestant } from '../../session-workload.js'

/** connect-redis on node-redis, which pipelines what is issued in the same turn. */
export async function open(url: string): Promise<SessionContestant> {
  const client = createClient({ url })
  client.on('error', (error: Error) => {
    throw error
  })
  await client.connect()
  return expressSessionContestant(new RedisStore({ client, ttl: 3_600 }), () => client.close())
}
