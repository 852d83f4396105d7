import type { ReadonlyLabelSet } from './label-set.js'
import { StoreError } from './store-error.js'
import type { StoreErrorRecord } from './store-error.js'

/** The labels, or why they are not known. There is no way to the labels that does not test `ok` first. */
export type LoadResult =
  | { readonly ok: true; readonly labels: ReadonlyLabelSet }
  | { readonly ok: false; readonly error: StoreError }

/** Every label is stored, or why that is not certain. */
export type AppendResult = { readonly ok: true } | { readonly ok: false; readonly error: StoreError }

/** What an operation of the storage driver answers. */
export type ExchangeResult<Value = unknown> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: StoreError }

/** Makes the answer of the text that was found, `undefined` where there is none. Must not throw. */
export type Decode<Value = unknown> = (text: string | undefined) => ExchangeResult<Value>

/** The answer to every append that succeeded: one frozen object, since it tells nothing else. */
export const APPENDED: AppendResult = Object.freeze({ ok: true })

/** The answer to a load that succeeded. */
export function loaded(labels: ReadonlyLabelSet): LoadResult {
  return Object.freeze({ ok: true, labels })
}

/** The answer to an operation that failed; fits both results. */
export function failed(record: StoreErrorRecord): { readonly ok: false; readonly error: StoreError } {
  return Object.freeze({ ok: false, error: new StoreError(record) })
}
