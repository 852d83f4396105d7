import { readFile } from 'node:fs/promises'
import { Redis } from 'ioredis'
import { ioredisContestant } from '../../ioredis-contestant.js'
import type { LabelContestant } from '../../contestant.js'
import { authorityFile } from '../../tls-authority.js'

/** ioredis with auto-pipelining, over TLS. */
export async function open(url: string): Promise<LabelContestant> {
  const tls = { ca: await readFile(authorityFile()) }
  const redis = new Redis(url, { enableAutoPipelining: true, lazyConnect: true, tls })
  await redis.connect()
  return ioredisContestant(redis)
}
