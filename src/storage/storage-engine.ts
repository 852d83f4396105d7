import type { StorageOperation } from '../store-error.js'
import type { StoreHealth } from '../store-health.js'
import type { StorageResult } from './storage-result.js'

/** What the stores of the driver need of the engine, and no more. */
export interface StorageEngine {
  /** Runs one operation within its deadline. The text is that of `crates/indelible-valkey/src/frame.rs`; absent is `undefined`. */
  exchange(
    operation: StorageOperation,
    ids: readonly string[],
    args: readonly string[],
  ): Promise<StorageResult<string | undefined>>
  /** How the server is doing, without asking it. */
  health(): StoreHealth
  /** Takes nothing more; resolves when everything under way has settled. Never rejects. */
  close(): Promise<void>
}
