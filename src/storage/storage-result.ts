import { failed } from '../results.js'
import type { InvalidArgument } from '../invalid-argument.js'
import type { StoreError, StoreOperation } from '../store-error.js'

/** A storage operation that failed. */
export interface StorageFailure {
  readonly ok: false
  readonly error: StoreError
}

/**
 * The answer of every storage operation: the value, or why it is not known. Nothing throws and nothing rejects.
 *
 * What does not exist is `null`, which is an answer; it is never what a failure looks like.
 */
export type StorageResult<Value> = { readonly ok: true; readonly value: Value } | StorageFailure

/** The answer to every write that succeeded: one frozen object, since it tells nothing else. */
export const DONE: StorageResult<undefined> = Object.freeze({ ok: true, value: undefined })

/** The answer of an operation that found `value`. */
export function found<Value>(value: Value): StorageResult<Value> {
  return { ok: true, value }
}

/** The answer to a call whose arguments are refused; nothing was sent. */
export function refused(operation: StoreOperation, { detail, cause }: InvalidArgument): StorageFailure {
  return failed({ code: 'ERR_STORE_INVALID_ARGUMENT', operation, detail, cause })
}

/** The answer to a call whose stored value is not what was written under that key. */
export function undecodable(operation: StoreOperation, detail: string): StorageFailure {
  return failed({ code: 'ERR_STORE_UNDECODABLE', reason: 'value', operation, detail, attempts: 1 })
}
