// The four ways in which the matrix reaches its servers: with TLS and without, as a user with every right and as the
// one whose rules the documents give.

import { createHash, randomUUID } from 'node:crypto'

import { blocks, page } from '../../docs/support/page.js'
import { Authority } from '../../valkey/support/certificates.js'

/** One way. */
export interface Variant {
  readonly tls: boolean
  /** The user has the documented rules, and else every right. */
  readonly acl: boolean
}

/** How a variant is called in the names of tests. */
export function nameOf({ tls, acl }: Variant): string {
  return `${tls ? 'with TLS' : 'in plain text'}, ${acl ? 'under the documented rules' : 'with every right'}`
}

/** Whose operations a store serves: labels and records have users of their own. */
export type Purpose = 'labels' | 'storage'

/** Name and password of a user, and its line of a server's configuration file. */
export interface User {
  readonly username: string
  readonly password: string
  readonly line: string
}

const [documented = ''] = blocks(await page('docs/operations.md'), 'acl')
const RULES: Readonly<Record<Purpose, string | undefined>> = {
  labels: /^user indelible on #<sha256> (.+)$/m.exec(documented)?.[1],
  storage: /The server user needs\n`([^`]+)`/.exec(await page('docs/storage.md'))?.[1],
}

/** A user for `purpose`. */
export function newUser(purpose: Purpose, { acl }: Variant): User {
  const [username, password] = ['app', randomUUID()]
  const rules = acl ? RULES[purpose] : '~* &* +@all'
  if (rules === undefined) throw new Error(`the documents give no rules for ${purpose}`)
  const digest = createHash('sha256').update(password).digest('hex')
  return { username, password, line: `user ${username} on #${digest} resetkeys resetchannels -@all ${rules}` }
}

/** Who vouches for the servers of the matrix. */
export const authority: Authority = new Authority()
/** What a server of the matrix shows. */
export const identity: { readonly cert: string; readonly key: string } = authority.vouchFor({
  names: ['127.0.0.1'],
})

const [PLAIN, DOCUMENTED, TLS, TLS_DOCUMENTED] = [false, true].flatMap((tls) =>
  [false, true].map((acl): Variant => ({ tls, acl })),
) as [Variant, Variant, Variant, Variant]

/** Every row of a group is seen in plain text, with every right and under the documented rules. */
export const IN_FULL: readonly Variant[] = [PLAIN, DOCUMENTED]
/** The first rows of every group are seen over TLS too; see `UNDER_TLS_TOO`. */
export const OVER_TLS: readonly Variant[] = [TLS, TLS_DOCUMENTED]
/** How many of a group's rows. TLS changes how bytes travel, not what they say: these show that it carries the fault. */
export const UNDER_TLS_TOO = 2
