import { once } from 'node:events'
import { Cluster } from 'ioredis'
import type { LabelContestant } from '../../contestant.js'
import { ioredisContestant } from '../../ioredis-contestant.js'

/** ioredis' Cluster with auto-pipelining. */
export async function open(endpoints: string): Promise<LabelContestant> {
  const cluster = new Cluster(endpoints.split(','), { enableAutoPipelining: true })
  await once(cluster, 'ready')
  return ioredisContestant(cluster)
}
