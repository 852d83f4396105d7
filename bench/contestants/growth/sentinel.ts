import { openSessionStore } from 'indelible'
import { TTL_SECONDS, type LabelContestant } from '../../contestant.js'
import { labelContestant } from '../../subject.js'

/** Our store behind sentinels, all of whose endpoints are given, separated by commas. */
export async function open(endpoints: string): Promise<LabelContestant> {
  const store = await openSessionStore({
    kind: 'valkey',
    topology: { sentinel: { service: 'labels', endpoints: endpoints.split(',') } },
    durability: 'bestEffort',
    ttlSeconds: TTL_SECONDS,
  })
  return labelContestant(store)
}
