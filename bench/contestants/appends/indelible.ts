import { openSessionStore } from 'indelible'
import { TTL_SECONDS, type LabelContestant } from '../../contestant.js'
import { labelContestant } from '../../subject.js'
import { REPLICAS, TIMEOUT_MS } from '../../topology/append-workload.js'

/** Our store, which acknowledges what a replica has. */
export async function open(url: string): Promise<LabelContestant> {
  const durability = { replicas: REPLICAS, timeoutMs: TIMEOUT_MS }
  const config = { kind: 'valkey', endpoint: url, ttlSeconds: TTL_SECONDS, durability }
  // A command must have the time that the replicas may take, and the server's slack.
  return labelContestant(await openSessionStore({ ...config, commandTimeoutMs: TIMEOUT_MS + 200 }))
}
