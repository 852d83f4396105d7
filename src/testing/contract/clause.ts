import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'

import { ReadonlyLabelSet } from '../../label-set.js'
import type { AppendResult, LoadResult } from '../../results.js'
import type { SessionRef } from '../../session-ref.js'
import type { SessionStore } from '../../session-store.js'
import { StoreError } from '../../store-error.js'
import type { StoreOperation } from '../../store-error.js'
import type { StoreErrorCode } from '../../store-failure.js'

/** One promise of the contract, and how to see that an open store keeps it. */
export interface Clause {
  readonly name: string
  readonly run: (store: SessionStore) => Promise<void>
}

/** A session id that nobody has used. */
export function freshSession(): string {
  return `contract-${randomUUID()}`
}

/** The labels of a load that must succeed, as an array. */
export async function labelsOf(store: SessionStore, session: SessionRef): Promise<string[]> {
  return [...loadedLabels(await store.loadLabels(session))]
}

/** The label set of a load that must have succeeded. */
export function loadedLabels(result: LoadResult): ReadonlyLabelSet {
  if (!result.ok) throw result.error
  assert.ok(ReadonlyLabelSet.is(result.labels), 'labels must be a ReadonlyLabelSet')
  return result.labels
}

/** Appends what must be accepted. */
export async function appendOk(
  store: SessionStore,
  session: SessionRef,
  labels: Iterable<string>,
): Promise<void> {
  const result = await store.appendLabels(session, labels)
  if (!result.ok) throw result.error
}

/** The error of a result that must be a failure of this code. */
export function failureOf(
  result: LoadResult | AppendResult,
  operation: StoreOperation,
  code: StoreErrorCode,
): StoreError {
  assert.equal(result.ok, false, `expected ${code}, found ok`)
  assert.ok(!('labels' in result), 'a failure must carry no labels')
  const { error } = result
  assert.ok(error instanceof StoreError, 'error must be a StoreError')
  assert.equal(error.code, code)
  assert.equal(error.operation, operation)
  return error
}

/** As {@link failureOf}, for what is refused before anything is sent. */
export function refusalOf(
  result: LoadResult | AppendResult,
  operation: StoreOperation,
  code: 'ERR_STORE_INVALID_ARGUMENT' | 'ERR_STORE_ABORTED' | 'ERR_STORE_CLOSED',
): StoreError {
  const error = failureOf(result, operation, code)
  assert.equal(error.retryable, false)
  assert.equal(error.indeterminate, false, 'nothing was sent, so nothing can have happened')
  assert.equal(error.attempts, 0)
  return error
}
