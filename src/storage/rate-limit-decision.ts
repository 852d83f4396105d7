import type { StoreError } from '../store-error.js'

/** What a limiter decided on a hit that the store has counted. */
interface Counted {
  readonly limit: number
  /** Points left in this window. */
  readonly remaining: number
  /** Milliseconds until the window ends. */
  readonly resetMs: number
}

/**
 * Whether a hit is allowed, and why. A failing store is `store-failed` whichever way `onStoreError` decides, so that
 * "refused" (429) and "not known" (503) never look alike.
 */
export type RateLimitDecision =
  | (Counted & { readonly allowed: true; readonly reason: 'within-limit'; readonly retryAfterMs: 0 })
  | (Counted & { readonly allowed: false; readonly reason: 'limit-reached'; readonly retryAfterMs: number })
  | {
      readonly allowed: boolean
      readonly reason: 'store-failed'
      readonly limit: number
      readonly error: StoreError
    }
