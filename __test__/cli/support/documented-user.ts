// A user with exactly the rules that the documents recommend, or with some of them missing.

import { randomUUID } from 'node:crypto'

import type { RespClient } from '../../support/resp.js'

const RULES = [
  '+smembers',
  '+sadd',
  '+expire',
  '+multi',
  '+exec',
  '+info',
  '+client|setname',
  '(+getex +set ~taint:v1:generation)',
] as const

/** Name and password of a user made for one test. */
export interface User {
  readonly username: string
  readonly password: string
}

/** Makes a user whose rules are the documented ones, each passed through `change`; an empty one is left out. */
export async function documentedUser(
  admin: RespClient,
  change: (rule: string) => string = (rule) => rule,
): Promise<User> {
  const [username, password] = [randomUUID(), randomUUID()]
  const rules = RULES.map(change).filter((rule) => rule !== '')
  const scope = ['reset', 'on', `>${password}`, 'resetkeys', 'resetchannels', '-@all', '~taint:v1:*']
  await admin.send('ACL', 'SETUSER', username, ...scope, ...rules)
  return { username, password }
}
