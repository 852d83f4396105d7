import type { OperationEvent } from './events.js'
import { isLabelOperation } from './store-error.js'
import type { StoreError, StoreOperation } from './store-error.js'

/** The event of an operation that has ended: well without an error, else with it. */
export function operationEvent(
  kind: string,
  op: StoreOperation,
  elapsedMs: number,
  error?: StoreError,
): OperationEvent {
  const attempts = error?.attempts ?? 1
  const outcome = { kind, ok: error === undefined, ...causeOf(error), attempts, elapsedMs }
  return isLabelOperation(op)
    ? { name: 'session_store_operation', op, ...outcome }
    : { name: 'storage_operation', op, ...outcome }
}

function causeOf(error: StoreError | undefined): Pick<OperationEvent, 'code' | 'reason' | 'serverCode'> {
  if (error === undefined) return {}
  const { code, reason, serverCode } = error
  return {
    code,
    ...(reason === undefined ? {} : { reason }),
    ...(serverCode === undefined ? {} : { serverCode }),
  }
}
