import { InvalidArgument } from '../invalid-argument.js'
import { readSessionIds } from '../session-ref.js'
import type { Command } from './command-line.js'
import { prepare } from './prepared.js'
import { printable } from './printable.js'
import { findingOf, formatJson, reported } from './report.js'
import type { Ending } from './report.js'
import { UsageError } from './usage.js'

/** Shows the labels of a session. */
export async function labels(command: Extract<Command, { readonly name: 'labels' }>): Promise<Ending> {
  const { target, json, session } = command
  const ids = readSessionIds(session)
  if (ids instanceof InvalidArgument) throw new UsageError(ids.detail)
  const { checks, ready } = await prepare(target, process.env)
  if (ready === undefined) return reported(checks, json)
  const found = await ready.addon.lookUp(ready.block, session)
  if ('status' in found) return reported([findingOf(found)], json)
  if (json) return { status: 0, stdout: formatJson({ ok: true, ...found }) }
  const notes = [
    ...(found.labels.length === 0 ? ['no labels'] : []),
    ...(found.fromReplica ? ['a replica answered: it may lack labels that the primary has'] : []),
  ]
  return {
    status: 0,
    stdout: found.labels.map((label) => `${printable(label)}\n`).join(''),
    stderr: notes.map((note) => `indelible: ${note}\n`).join(''),
  }
}
