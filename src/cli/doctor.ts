import type { Command } from './command-line.js'
import { prepare } from './prepared.js'
import { findingOf, reported } from './report.js'
import type { Ending, Finding } from './report.js'
import { accountOf, hasUserinfo } from './target.js'

const OPEN_PASSWORD: Finding = {
  name: 'command-line',
  status: 'warn',
  detail: 'the password stands on the command line, where every user of this machine can read it',
  hint: 'use --password-file or INDELIBLE_PASSWORD',
}

/** Examines a server as a store will meet it. */
export async function doctor(command: Extract<Command, { readonly name: 'doctor' }>): Promise<Ending> {
  const { target, admin, json } = command
  const account = admin && (await accountOf(admin, process.env))
  const { checks, ready } = await prepare(target, process.env)
  const open = target.endpoint !== undefined && hasUserinfo(target.endpoint) ? [OPEN_PASSWORD] : []
  const examined = ready === undefined ? [] : await ready.addon.examine(ready.block, account)
  return reported([...checks, ...open, ...examined.map(findingOf)], json)
}
