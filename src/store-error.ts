import { failureEntry, reasonCause, STORE_FAILURES } from './store-failure.js'
import type { StoreErrorCode, StoreErrorReason, StoreErrorReasons } from './store-failure.js'

/** What a session store does. */
export type LabelOperation = 'load' | 'append'

/** What the stores of the storage driver do. */
export type StorageOperation =
  | 'save-session'
  | 'load-session'
  | 'delete-session'
  | 'increment'
  | 'current'
  | 'reset'
  | 'get-policy'
  | 'cache-policy'
  | 'invalidate-policy'

/** The operation that failed. */
export type StoreOperation = LabelOperation | StorageOperation

const READS: ReadonlySet<StoreOperation> = new Set(['load', 'load-session', 'current', 'get-policy'])

/** Whether an operation changes what the store holds: only then can a failed one have happened all the same. */
export function changesData(operation: StoreOperation): boolean {
  return !READS.has(operation)
}

/** Whether an operation is one of a session store, and not of the storage driver. */
export function isLabelOperation(operation: StoreOperation): operation is LabelOperation {
  return operation === 'load' || operation === 'append'
}

/** A code, with one of its own reasons if it is known. */
export type StoreFailure = {
  [C in StoreErrorCode]: { readonly code: C; readonly reason?: StoreErrorReasons[C] }
}[StoreErrorCode]

/** What is known about a failure besides its code. */
export interface StoreErrorDetails {
  readonly operation: StoreOperation
  /** Whether an append may have happened all the same. Default false. */
  readonly indeterminate?: boolean
  /** The first word of the server's error reply, such as `READONLY`; anything else is dropped. */
  readonly serverCode?: string
  /** How often the operation was tried; 0, the default, when it was refused before a first attempt. */
  readonly attempts?: number
  /** Milliseconds from the call to its failure, on a monotonic clock. Default 0. */
  readonly elapsedMs?: number
  /** What is wrong in particular and what to change. No session id, no label, nothing that a server sent. */
  readonly detail?: string
  readonly cause?: unknown
}

/** What a {@link StoreError} is made of. */
export type StoreErrorRecord = StoreFailure & StoreErrorDetails

/** A record whose code and reason nobody has checked yet, such as one from the native addon. */
export type UncheckedStoreErrorRecord = StoreErrorDetails & {
  readonly code: string
  readonly reason?: string
}

/** A server's error code is one upper-case word; a whole sentence may quote keys and values. */
const SERVER_CODE = /^[A-Z0-9_]{1,32}$/

/**
 * Why an operation of a store failed. Stores answer it as a value and never throw it.
 *
 * Its text holds no session id, no label, no credential, and of what a server sent only the code word.
 */
export class StoreError extends Error {
  readonly code: StoreErrorCode
  /** The finer cause, where the code has reasons and the one at hand is known. */
  declare readonly reason?: StoreErrorReason
  readonly operation: StoreOperation
  /**
   * Whether the same call may succeed later without anyone's doing. False where someone must act first: change
   * the call, the configuration, the credentials, the server or the data.
   */
  readonly retryable: boolean
  /** Whether an append may have happened all the same; always false for a load. */
  readonly indeterminate: boolean
  /** The code word of the server's error reply, such as `READONLY`. */
  declare readonly serverCode?: string
  /** How often the operation was tried; 0 when it was refused before a first attempt. */
  readonly attempts: number
  /** Milliseconds from the call to its failure. */
  readonly elapsedMs: number

  constructor(record: StoreErrorRecord) {
    const { code, reason, operation, detail, serverCode, cause } = record
    const entry = STORE_FAILURES[code]
    const { retryable, summary } = reasonCause(entry, reason) ?? entry
    // Through the constructor, so that an absent cause leaves no property behind.
    super(
      `${operation} failed: ${summary}${detail === undefined ? '' : `: ${detail}`}`,
      cause === undefined ? {} : { cause },
    )
    this.code = code
    if (reason !== undefined) this.reason = reason
    this.operation = operation
    this.retryable = retryable
    this.indeterminate = record.indeterminate === true && changesData(operation)
    if (serverCode !== undefined && SERVER_CODE.test(serverCode)) this.serverCode = serverCode
    this.attempts = record.attempts ?? 0
    this.elapsedMs = record.elapsedMs ?? 0
  }

  /**
   * The error for a record whose code and reason were made elsewhere. One that is not in our table becomes
   * `ERR_STORE_INTERNAL`: a failure that is not understood stays a failure.
   */
  static from(record: UncheckedStoreErrorRecord): StoreError {
    const entry = failureEntry(record.code)
    const known = entry !== undefined && (record.reason === undefined || reasonCause(entry, record.reason))
    if (known) return new StoreError(record as StoreErrorRecord)
    const { reason: _, ...details } = record
    const detail = 'the failure has a code that this version does not know; install matching versions'
    return new StoreError({ ...details, code: 'ERR_STORE_INTERNAL', detail })
  }

  /** The fields for a log line, without stack and cause. */
  toJSON(): Record<string, unknown> {
    // The own enumerable properties are the fields above: message, stack and cause are not enumerable.
    return Object.assign<Record<string, unknown>, this>({ name: this.name, message: this.message }, this)
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'StoreError' })
  }
}
