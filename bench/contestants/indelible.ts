import { openSessionStore } from 'indelible'
import { TTL_SECONDS, type LabelContestant } from '../contestant.js'

/** Our store with its defaults: deadlines, retries, breaker, ratchet and generation are all on. */
export async function open(url: string): Promise<LabelContestant> {
  const store = await openSessionStore({ kind: 'valkey', endpoint: url, ttlSeconds: TTL_SECONDS })
  return {
    async load(session) {
      const result = await store.loadLabels(session)
      if (!result.ok) throw result.error
      return result.labels
    },
    async append(session, labels) {
      const result = await store.appendLabels(session, labels)
      if (!result.ok) throw result.error
    },
    close: () => store.close(),
  }
}
