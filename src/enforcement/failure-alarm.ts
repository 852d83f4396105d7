import { alarmChannel } from '../events.js'
import type { SessionStoreFailureAlarm } from '../events.js'
import type { SessionStore } from '../session-store.js'
import type { StoreError } from '../store-error.js'
import type { Phase } from './phase.js'

/**
 * Publishes `session_store_failure`. A load that the caller itself aborted is no failure of the store: clients
 * that hang up must not be able to drown the alarm.
 */
export function raiseFailure(
  store: SessionStore,
  phase: Phase,
  decision: SessionStoreFailureAlarm['decision'],
  error: StoreError,
): void {
  if (!alarmChannel.hasSubscribers || error.code === 'ERR_STORE_ABORTED') return
  const { code, reason, serverCode, operation, retryable, indeterminate, attempts, elapsedMs } = error
  alarmChannel.publish({
    name: 'session_store_failure',
    kind: store.kind,
    op: operation,
    phase,
    decision,
    code,
    ...(reason === undefined ? {} : { reason }),
    ...(serverCode === undefined ? {} : { serverCode }),
    retryable,
    indeterminate,
    attempts,
    elapsedMs,
  })
}
