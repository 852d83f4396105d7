import { ConfigError } from '../config-error.js'
import { AdapterCounter, readKeyPrefix, wholeSeconds } from './adapter-counter.js'
import type { RateLimitStoreOptions } from './adapter-counter.js'
import type { RateLimitCounter } from './rate-limit-counter.js'

/** The options of `express-rate-limit` that concern its store. */
export interface ExpressRateLimitOptions {
  readonly windowMs: number
  readonly skipSuccessfulRequests: boolean
  readonly skipFailedRequests: boolean
}

/** What `express-rate-limit` wants to know of a counter. */
export interface ExpressRateLimitInfo {
  totalHits: number
  resetTime: Date | undefined
}

/**
 * A store for `express-rate-limit`: `rateLimit({ windowMs, limit, store: new ExpressRateLimitStore(...) })`.
 *
 * Refused requests count. A request that cannot be counted is answered with 503, unless the middleware's own
 * `passOnStoreError` says otherwise. One store serves one `rateLimit()`.
 */
export class ExpressRateLimitStore {
  /** Every node counts in the same place. */
  readonly localKeys = false
  /** Told to the middleware's check for requests that are counted twice. */
  readonly prefix: string
  readonly #counters: AdapterCounter
  #windowSecs: number | ConfigError

  /** @throws {ConfigError} */
  constructor(counter: RateLimitCounter, options: RateLimitStoreOptions) {
    this.prefix = readKeyPrefix(options)
    this.#counters = new AdapterCounter(counter, [this.prefix])
    const problem = 'the store was never initialised; hand it to rateLimit() of express-rate-limit 7 or later'
    this.#windowSecs = new ConfigError('ERR_CONFIG_INVALID', 'store', problem)
  }

  /**
   * Called by the middleware, which logs what this throws and goes on; so every later hit fails with the same error.
   *
   * @throws {ConfigError} for options that a fixed window cannot keep.
   */
  init(options: ExpressRateLimitOptions): void {
    try {
      refuseSkipping(options)
      this.#windowSecs = wholeSeconds(options.windowMs, 'windowMs')
    } catch (error) {
      this.#windowSecs = error as ConfigError
      throw error
    }
  }

  /** @throws {RateLimitUnavailableError} when the hit could not be counted. */
  async increment(key: string): Promise<ExpressRateLimitInfo> {
    if (this.#windowSecs instanceof ConfigError) throw this.#windowSecs
    const { total, resetMs } = await this.#counters.hit(key, this.#windowSecs)
    return { totalHits: total, resetTime: new Date(Date.now() + resetMs) }
  }

  /** @throws {ConfigError} always: see {@link init}. */
  async decrement(_key: string): Promise<void> {
    throw skippingRefused('skipSuccessfulRequests')
  }

  /** The hits so far; when the window ends is known only to an increment. */
  async get(key: string): Promise<ExpressRateLimitInfo | undefined> {
    const totalHits = await this.#counters.current(key)
    return totalHits === 0 ? undefined : { totalHits, resetTime: undefined }
  }

  async resetKey(key: string): Promise<void> {
    await this.#counters.reset(key)
  }
}

function refuseSkipping(options: ExpressRateLimitOptions): void {
  for (const option of ['skipSuccessfulRequests', 'skipFailedRequests'] as const) {
    if (options[option]) throw skippingRefused(option)
  }
}

function skippingRefused(option: string): ConfigError {
  const problem =
    'a hit cannot be taken back: its window may be over by then, which would leave a counter below zero; turn it off'
  return new ConfigError('ERR_CONFIG_INVALID', option, problem)
}
