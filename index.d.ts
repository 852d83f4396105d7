export { ConfigError } from './dist/config-error.js'
export { MAX_LABEL_BYTES, MAX_LABELS_PER_CALL } from './dist/label.js'
export { ReadonlyLabelSet } from './dist/label-set.js'
export { MemorySessionStore } from './dist/memory-session-store.js'
export { openSessionStore } from './dist/open-session-store.js'
export { MAX_SESSION_ID_BYTES, MAX_SESSIONS_PER_CALL } from './dist/session-ref.js'
export { StoreError } from './dist/store-error.js'
export { ValkeySessionStore } from './dist/valkey-session-store.js'

export type { ValkeySessionStoreConfig } from './dist/config/valkey-config.js'
export type { ConfigErrorCode } from './dist/config-error.js'
export type {
  AlarmEvent,
  OperationEvent,
  SessionStoreFailureAlarm,
  SessionStoreOperationEvent,
  StateEvent,
  StorageOperationEvent,
  StoreAlarm,
} from './dist/events.js'
export type { OpenSessionStoreOptions } from './dist/open-session-store.js'
export type { AppendResult, LoadResult } from './dist/results.js'
export type { SessionRef } from './dist/session-ref.js'
export type {
  Credentials,
  CredentialsProvider,
  SessionStoreFactory,
  SessionStoreOpenOptions,
} from './dist/session-store-factory.js'
export type { SessionStore, StoreCallOptions } from './dist/session-store.js'
export type { StoreErrorDetails, StoreErrorRecord, StoreFailure, StoreOperation } from './dist/store-error.js'
export type { StoreErrorCode, StoreErrorReason, StoreErrorReasons } from './dist/store-failure.js'
export type { StoreHealth } from './dist/store-health.js'
