import type { Decode } from '../results.js'
import type { StorageOperation } from '../store-error.js'
import type { StoreHealth } from '../store-health.js'
import type { StorageResult } from './storage-result.js'

/** What the stores of the driver need of the engine, and no more. */
export interface StorageEngine {
  /** Runs a write within its deadline. Ids and arguments are those of `crates/indelible-valkey/src/frame.rs`. */
  write(
    operation: StorageOperation,
    ids: readonly string[],
    args: readonly string[],
  ): Promise<StorageResult<undefined>>
  /** Runs an operation that answers with what `decode` makes of the text that was found. */
  ask<Value>(
    operation: StorageOperation,
    ids: readonly string[],
    args: readonly string[],
    decode: Decode<Value>,
  ): Promise<StorageResult<Value>>
  /** How the server is doing, without asking it. */
  health(): StoreHealth
  /** Takes nothing more; resolves when everything under way has settled. Never rejects. */
  close(): Promise<void>
}
