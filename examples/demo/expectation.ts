import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { STORE_UNAVAILABLE, type CallOutcome } from './agent.js'

/** The `@message` of the policy in `gateway.yaml`. */
const POLICY_MESSAGE = 'This session has read customer data, so it may not write files.'

const RECOVERY_LIMIT_MS = 20_000
const RECOVERY_POLL_MS = 50

/** The demo did not go as told. */
export class UnexpectedError extends Error {
  override readonly name = 'UnexpectedError'
}

/** @returns The tool's text. */
export function expectAnswered(outcome: CallOutcome): string {
  if (outcome.kind === 'answered') return outcome.text
  throw new UnexpectedError(`expected an answer, got ${describe(outcome)}`)
}

/** @returns The words of the refusal, which must be those of our policy: a tool can fail for reasons of its own. */
export function expectRefused(outcome: CallOutcome): string {
  if (outcome.kind === 'refused' && outcome.text.includes(POLICY_MESSAGE)) return `refused: "${outcome.text}"`
  throw new UnexpectedError(`expected a refusal by the policy, got ${describe(outcome)}`)
}

/** @returns The error of a gateway that cannot reach its store. */
export function expectUnavailable(outcome: CallOutcome): string {
  if (outcome.kind === 'unavailable' && outcome.code === STORE_UNAVAILABLE) {
    return `error ${outcome.code}, ${outcome.reason}`
  }
  throw new UnexpectedError(`expected error ${STORE_UNAVAILABLE}, got ${describe(outcome)}`)
}

/** Looks at the disk itself, not at what a tool says about it. */
export async function expectFile(path: string, content: string): Promise<string> {
  if ((await readFile(path, 'utf8')) !== content)
    throw new UnexpectedError(`${path} does not hold what was written`)
  return `${Buffer.byteLength(content)} bytes on disk`
}

/** Looks at the disk itself. */
export function expectNoFile(path: string): string {
  if (existsSync(path)) throw new UnexpectedError(`${path} exists`)
  return `no ${basename(path)} on disk`
}

/** Repeats a call until the store is back. Nothing else is waited for: any other outcome is returned at once. */
export async function untilAvailable(call: () => Promise<CallOutcome>): Promise<CallOutcome> {
  const limit = performance.now() + RECOVERY_LIMIT_MS
  for (;;) {
    const outcome = await call()
    if (outcome.kind !== 'unavailable' || performance.now() > limit) return outcome
    await sleep(RECOVERY_POLL_MS)
  }
}

function describe(outcome: CallOutcome): string {
  if (outcome.kind === 'unavailable') return `error ${outcome.code} (${outcome.reason})`
  return `${outcome.kind}: ${outcome.text.slice(0, 200)}`
}
