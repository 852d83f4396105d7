import { ClusterBatch, ExpireOptions, GlideClusterClient } from '@valkey/valkey-glide'
import { peerKey, TTL_SECONDS, type LabelContestant } from '../../contestant.js'
import { GLIDE_LIMITS } from '../../glide-limits.js'

const RENEW = { expireOption: ExpireOptions.NewExpiryGreaterThanCurrent }
const ARM = { expireOption: ExpireOptions.HasNoExpiry }

/** Valkey GLIDE's cluster client, with a batch for both commands of a load. */
export async function open(endpoints: string): Promise<LabelContestant> {
  const client = await GlideClusterClient.createClient({
    addresses: endpoints.split(',').map((endpoint) => {
      const [host = '', port] = endpoint.split(':')
      return { host, port: Number(port) }
    }),
    ...GLIDE_LIMITS,
  })
  return {
    async load(session) {
      const key = peerKey(session)
      const batch = new ClusterBatch(false).smembers(key).expire(key, TTL_SECONDS, RENEW)
      const replies = await client.exec(batch, true)
      return replies?.[0] as unknown as Set<string>
    },
    async append(session, labels) {
      const key = peerKey(session)
      const batch = new ClusterBatch(true)
        .sadd(key, labels as string[])
        .expire(key, TTL_SECONDS, ARM)
        .expire(key, TTL_SECONDS, RENEW)
      if ((await client.exec(batch, true)) === null) throw new Error('the server aborted the transaction')
    },
    async close() {
      client.close()
    },
  }
}
