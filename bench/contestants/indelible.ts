import { openSessionStore } from 'indelible'
import { TTL_SECONDS, type LabelContestant } from '../contestant.js'
import { labelContestant } from '../subject.js'

/** Our store with its defaults: deadlines, retries, breaker, ratchet and generation are all on. */
export async function open(url: string): Promise<LabelContestant> {
  return labelContestant(await openSessionStore({ kind: 'valkey', endpoint: url, ttlSeconds: TTL_SECONDS }))
}
