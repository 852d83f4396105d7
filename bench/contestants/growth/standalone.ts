import { openSessionStore } from 'indelible'
import { TTL_SECONDS, type LabelContestant } from '../../contestant.js'
import { labelContestant } from '../../subject.js'

/** Our store by the address of its server, with the settings of the one behind sentinels. */
export async function open(endpoint: string): Promise<LabelContestant> {
  const durability = 'bestEffort'
  return labelContestant(
    await openSessionStore({ kind: 'valkey', endpoint, durability, ttlSeconds: TTL_SECONDS }),
  )
}
