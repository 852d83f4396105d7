import { ReadonlyLabelSet } from '../label-set.js'
import { failed } from '../results.js'
import type { AppendResult, LoadResult } from '../results.js'
import type { SessionRef } from '../session-ref.js'
import { StoreError } from '../store-error.js'
import type { StoreOperation } from '../store-error.js'
import type { SessionStore } from '../session-store.js'

/*
 * A store comes from a factory that may not be ours. One that breaks its contract (throws, rejects, answers
 * something else) has failed: what it answered must be neither labels nor an acknowledgement.
 */

/** Loads, and answers a failure whatever else the store does. Never rejects. */
export async function load(
  store: SessionStore,
  session: SessionRef,
  signal?: AbortSignal,
): Promise<LoadResult> {
  try {
    const result: unknown = await store.loadLabels(session, signal === undefined ? undefined : { signal })
    return isLoadResult(result) ? result : broken('load')
  } catch (cause) {
    return broken('load', cause)
  }
}

/** Appends, and answers a failure whatever else the store does. Takes no signal on purpose. Never rejects. */
export async function append(
  store: SessionStore,
  session: SessionRef,
  labels: readonly string[],
): Promise<AppendResult> {
  try {
    const result: unknown = await store.appendLabels(session, labels)
    return isAppendResult(result) ? result : broken('append')
  } catch (cause) {
    return broken('append', cause)
  }
}

function isLoadResult(value: unknown): value is LoadResult {
  const { ok, labels } = value as { readonly ok?: unknown; readonly labels?: unknown }
  return ok === true ? ReadonlyLabelSet.is(labels) : isFailure(value)
}

function isAppendResult(value: unknown): value is AppendResult {
  return (value as { readonly ok?: unknown }).ok === true || isFailure(value)
}

function isFailure(value: unknown): boolean {
  const { ok, error } = value as { readonly ok?: unknown; readonly error?: unknown }
  return ok === false && error instanceof StoreError
}

function broken(operation: StoreOperation, cause?: unknown): ReturnType<typeof failed> {
  const detail = 'the store broke its contract; it must answer every call with a result'
  return failed({ code: 'ERR_STORE_INTERNAL', operation, indeterminate: true, detail, cause })
}
