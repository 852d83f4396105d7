import { Redis } from 'ioredis'
import type { LabelContestant } from '../contestant.js'
import { ioredisContestant } from '../ioredis-contestant.js'

/** ioredis with auto-pipelining, which is faster than explicit pipelines at every number of callers but one. */
export async function open(url: string): Promise<LabelContestant> {
  const redis = new Redis(url, { enableAutoPipelining: true, lazyConnect: true })
  await redis.connect()
  return ioredisContestant(redis)
}
