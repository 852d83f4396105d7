import { Batch, ExpireOptions, GlideClient } from '@valkey/valkey-glide'
import { peerKey, TTL_SECONDS, type LabelContestant } from '../contestant.js'
import { GLIDE_LIMITS } from '../glide-limits.js'

const RENEW = { expireOption: ExpireOptions.NewExpiryGreaterThanCurrent }
const ARM = { expireOption: ExpireOptions.HasNoExpiry }

/** Valkey GLIDE. A batch crosses into its native side once for both commands of a load. */
export async function open(url: string): Promise<LabelContestant> {
  const { hostname, port } = new URL(url)
  const client = await GlideClient.createClient({
    addresses: [{ host: hostname, port: Number(port) }],
    ...GLIDE_LIMITS,
  })
  return {
    async load(session) {
      const key = peerKey(session)
      const batch = new Batch(false).smembers(key).expire(key, TTL_SECONDS, RENEW)
      const replies = await client.exec(batch, true)
      return replies?.[0] as unknown as Set<string>
    },
    async append(session, labels) {
      const key = peerKey(session)
      const batch = new Batch(true)
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
