import { openSessionStore } from 'indelible'
import { TTL_SECONDS, type LabelContestant } from '../../contestant.js'
import { labelContestant } from '../../subject.js'

/** Our store over a cluster. No node of the suite's has a replica, so none is waited for. */
export async function open(endpoints: string): Promise<LabelContestant> {
  const store = await openSessionStore({
    kind: 'valkey',
    topology: 'cluster',
    endpoints: endpoints.split(','),
    durability: 'bestEffort',
    checks: 'warn',
    ttlSeconds: TTL_SECONDS,
  })
  return labelContestant(store)
}
