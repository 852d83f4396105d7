import { channel } from 'node:diagnostics_channel'

import type { StoreErrorCode, StoreErrorReason } from './store-failure.js'
import type { LabelOperation, StorageOperation, StoreOperation } from './store-error.js'

/** How an operation ended. */
interface OperationOutcome {
  /** The kind of the store. */
  readonly kind: string
  readonly ok: boolean
  readonly code?: StoreErrorCode
  readonly reason?: StoreErrorReason
  readonly serverCode?: string
  readonly attempts: number
  /** Milliseconds from the call to its answer. */
  readonly elapsedMs: number
}

/** One operation that reached the labels, published when it has ended; what is refused before that is not. */
export interface SessionStoreOperationEvent extends OperationOutcome {
  readonly name: 'session_store_operation'
  readonly op: LabelOperation
}

/** The same of the storage driver: session records, counters and policies. */
export interface StorageOperationEvent extends OperationOutcome {
  readonly name: 'storage_operation'
  readonly op: StorageOperation
}

/** Published on `indelible:operation`. */
export type OperationEvent = SessionStoreOperationEvent | StorageOperationEvent

/** A store failed and the enforcement denied, or had already denied, because of it. */
export interface SessionStoreFailureAlarm {
  readonly name: 'session_store_failure'
  /** The kind of the store. */
  readonly kind: string
  readonly op: StoreOperation
  readonly phase: 'pre' | 'post'
  /** What the policy had decided before the store failed: `none` when it was never asked. */
  readonly decision: 'allow' | 'deny' | 'none'
  readonly code: StoreErrorCode
  readonly reason?: StoreErrorReason
  readonly serverCode?: string
  readonly retryable: boolean
  readonly indeterminate: boolean
  readonly attempts: number
  readonly elapsedMs: number
}

/** Something about a store that an operator must look at although the call at hand may have succeeded. */
export interface StoreAlarm {
  readonly name:
    | 'session_store_memory'
    | 'session_store_ttl_refresh_failed'
    | 'session_store_ttl_unsound'
    | 'session_store_label_regression'
    | 'session_store_keyspace_lost'
    | 'session_store_generation_created'
    | 'session_store_not_replicated'
    | 'session_store_primary_unknown'
    | 'session_store_layout_mismatch'
    | 'session_store_unsafe_server'
    | 'session_store_credentials_rejected'
  /** The kind of the store. */
  readonly kind: string
  readonly [detail: string]: unknown
}

/** Published on `indelible:alarm`. */
export type AlarmEvent = SessionStoreFailureAlarm | StoreAlarm

/** A store changed its state: opened, closed, breaker opened, server replaced, and so on. */
export interface StateEvent {
  /** Such as `session_store_opened`. */
  readonly name: string
  /** The kind of the store. */
  readonly kind: string
  readonly [detail: string]: unknown
}

/** A channel of `node:diagnostics_channel` that carries one type of event. */
export interface EventChannel<Event> {
  /** Whether anyone listens. Test it before building an event on a hot path. */
  readonly hasSubscribers: boolean
  publish(event: Event): void
}

/**
 * The names of the channels. No event on them holds a session id, a label or a secret: at most the prefix of a
 * digest.
 */
export const CHANNELS = {
  /** Every operation that reached a store. */
  operation: 'indelible:operation',
  /** What an operator must look at. */
  alarm: 'indelible:alarm',
  /** How a store is doing. */
  state: 'indelible:state',
} as const

// Bound here for good, since Node forgets a channel that nobody holds, together with its subscribers.
export const operationChannel: EventChannel<OperationEvent> = channel(CHANNELS.operation)
export const alarmChannel: EventChannel<AlarmEvent> = channel(CHANNELS.alarm)
export const stateChannel: EventChannel<StateEvent> = channel(CHANNELS.state)
