// The store under test and what its answers must look like.

import { createHash } from 'node:crypto'

import {
  type AppendResult,
  type LoadResult,
  type SessionStore,
  type StoreError,
  openSessionStore,
} from 'indelible'
import { expect } from 'vitest'

/** D of docs/compatibility.md at the default settings, in milliseconds. */
export const DEADLINE_MS = 1_550
/** What a busy machine may add to a bound that is measured from outside, in milliseconds. */
const SLACK_MS = 500

interface Failed<Reason> {
  readonly ok: false
  readonly error: Reason
}

/** A store of kind `valkey` for `server`, which is anything with a URL. */
export async function openStore(
  server: { readonly url: string },
  settings: Readonly<Record<string, unknown>> = {},
): Promise<SessionStore> {
  return openSessionStore({ kind: 'valkey', endpoint: server.url, ...settings })
}

/** Where the labels of `session` are kept. */
export function keyOf(session: string, prefix: string = 'taint:v1'): string {
  return `${prefix}:${createHash('sha256').update(session, 'utf8').digest('hex')}`
}

/** The labels of a load that must have succeeded. */
export function labelsOf(
  result: { readonly ok: true; readonly labels: Iterable<string> } | Failed<Error>,
): string[] {
  if (!result.ok) throw result.error
  return [...result.labels]
}

/** The error of a call that must have failed, and that carries nothing that a caller could take for labels. */
export function failureOf<Reason extends Error>(result: { readonly ok: true } | Failed<Reason>): Reason {
  if (result.ok) throw new Error(`expected a failure, found ${JSON.stringify(result)}`)
  expect(Object.keys(result).sort()).toEqual(['error', 'ok'])
  return result.error
}

/** The error of a call that must fail within the deadline: exactly by its own account, with slack by the wall clock. */
export async function failureInTime(
  call: Promise<LoadResult | AppendResult>,
  deadlineMs: number = DEADLINE_MS,
): Promise<StoreError> {
  const start = performance.now()
  const error = failureOf(await call)
  expect(performance.now() - start).toBeLessThan(deadlineMs + SLACK_MS)
  expect(error.elapsedMs).toBeLessThanOrEqual(deadlineMs)
  return error
}

/** Resolves once a load of `session` succeeds again, which is promised within 5 seconds; answers its labels. */
export async function recovered(store: SessionStore, session: string): Promise<string[]> {
  await expect.poll(async () => (await store.loadLabels(session)).ok, { timeout: 5_000 }).toBe(true)
  return labelsOf(await store.loadLabels(session))
}
