import { openSessionStore } from 'indelible'
import { labelContestant } from '../../subject.js'
import { TTL_SECONDS, type LabelContestant } from '../../contestant.js'
import { authorityFile } from '../../tls-authority.js'

/** Our store with its defaults, over TLS. */
export async function open(url: string): Promise<LabelContestant> {
  const tls = { ca: authorityFile() }
  return labelContestant(
    await openSessionStore({ kind: 'valkey', endpoint: url, ttlSeconds: TTL_SECONDS, tls }),
  )
}
