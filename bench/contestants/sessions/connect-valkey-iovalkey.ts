import { ValkeyStore } from 'connect-valkey'
import { Redis } from 'iovalkey'
import { expressSessionContestant } from '../../express-session-contestant.js'
import type { SessionContestant } from '../../session-workload.js'

/** The one way in which connect-valkey calls its client's `set`. */
interface Expiry {
  readonly expiry: { readonly count: number }
}

/**
 * connect-valkey on iovalkey with auto-pipelining. It is made for another client, whose `set` takes the expiry in
 * another form; `get` is the same in both.
 */
export async function open(url: string): Promise<SessionContestant> {
  const valkey = new Redis(url, { enableAutoPipelining: true, lazyConnect: true })
  await valkey.connect()
  const client = {
    get: (key: string) => valkey.get(key),
    set: (key: string, value: string, { expiry }: Expiry) => valkey.set(key, value, 'EX', expiry.count),
  }
  const store = new ValkeyStore({ client: client as never, ttl: 3_600 })
  return expressSessionContestant(store, () => valkey.quit())
}
