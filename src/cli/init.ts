import { createInterface } from 'node:readline/promises'

import type { Command } from './command-line.js'
import { prepare } from './prepared.js'
import { findingOf, reported } from './report.js'
import type { Ending } from './report.js'
import { accountOf } from './target.js'
import { UsageError } from './usage.js'

/** Creates the generation of a keyspace, or with `accept` replaces it. */
export async function init(command: Extract<Command, { readonly name: 'init' }>): Promise<Ending> {
  const { target, admin, json, accept, yes } = command
  const account = admin && (await accountOf(admin, process.env))
  if (accept && !yes && !(await confirmed())) {
    return { status: 1, stdout: '', stderr: 'indelible: the answer was not yes: nothing was replaced\n' }
  }
  const { checks, ready } = await prepare(target, process.env)
  if (ready === undefined) return reported(checks, json)
  const findings = await ready.addon.initialise(ready.block, accept, account)
  return reported(findings.map(findingOf), json)
}

/** Asks whether a loss is to be accepted, where there is somebody to ask. */
async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(
      '--accept asks before it replaces a generation, and there is nobody to ask: add --yes',
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(
      'Every node will take the keyspace as it is now for the right one; labels that were lost stay lost.\n' +
        'Type yes to replace its generation: ',
    )
    return answer.trim() === 'yes'
  } finally {
    terminal.close()
  }
}
