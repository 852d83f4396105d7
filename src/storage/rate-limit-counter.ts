import type { StorageResult } from './storage-result.js'

/** A counter within its window. */
export interface RateLimitWindow {
  /** The total after the increment. One near 2^63 saturates: it stays at 2^63 - 1 and never starts anew. */
  readonly total: bigint
  /** Milliseconds until the window ends and the counter starts anew. */
  readonly resetMs: number
}

/**
 * Counters in fixed windows: a window begins with the increment that creates the counter, and no later increment
 * moves its end.
 *
 * An increment that may have reached the server is not repeated: it is counted once, or its result is an error
 * that says `indeterminate`.
 */
export interface RateLimitCounter {
  /**
   * Adds `amount` and answers the new total.
   *
   * @param key 1 to 4,096 bytes of UTF-8.
   * @param amount 1 to 2^63 - 1.
   * @param windowSecs 1 to 2^31; counts only if this increment creates the counter.
   */
  increment(key: string, amount: bigint | number, windowSecs: number): Promise<StorageResult<bigint>>
  /** As {@link increment}, and tells when the window ends. */
  hit(key: string, amount: bigint | number, windowSecs: number): Promise<StorageResult<RateLimitWindow>>
  /** The total; 0 when there is no counter. */
  current(key: string): Promise<StorageResult<bigint>>
  /** Removes the counter; ok when there is none. */
  reset(key: string): Promise<StorageResult<undefined>>
}
