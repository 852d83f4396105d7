import { ConfigError } from '../config-error.js'
import { InvalidArgument, kindOf } from '../invalid-argument.js'
import { readMapping, refuseUnknownKeys } from '../store-config.js'
import type { RateLimitCounter } from './rate-limit-counter.js'
import type { RateLimitDecision } from './rate-limit-decision.js'
import { rateLimitHeaders, requirePolicyName } from './rate-limit-headers.js'
import { rateLimitKey } from './rate-limit-key.js'
import { refused } from './storage-result.js'
import type { StorageFailure, StorageResult } from './storage-result.js'
import { MAX_TTL_SECS } from './unsigned.js'

/** What a limiter allows. */
export interface RateLimiterOptions {
  /** Points that one key may use within a window, 1 to 2^53 - 1. */
  readonly points: number
  /** Length of the window in seconds, 1 to 2^31. It begins with the first hit and does not move. */
  readonly windowSecs: number
  /** Tells this limiter's keys from those of others: the first part of every key. */
  readonly keyPrefix: string
  /** What a failing store means. Default `deny`; `allow` lets everything pass while the store is down. */
  readonly onStoreError?: 'deny' | 'allow'
  /** The name of the policy in headers: printable ASCII. Default `default`. */
  readonly name?: string
}

/** Limits how often something may happen within a fixed window. */
export interface RateLimiter {
  /**
   * Counts a hit of `points`, 1 by default, and decides on it. Refused hits count as well. Never rejects.
   *
   * @param key who is counted: one part, or several, which are kept apart whatever they contain.
   */
  consume(key: string | readonly string[], points?: number): Promise<RateLimitDecision>
  /** Begins a new window for `key` with the next hit. */
  reset(key: string | readonly string[]): Promise<StorageResult<undefined>>
  /** The header fields that tell a client about the decision. */
  headers(decision: RateLimitDecision): Record<string, string>
}

/**
 * A limiter over a counter: `RedisBackend.rateLimiter()` for a fleet, a `MemoryRateLimitCounter` for one node.
 *
 * @throws {ConfigError}
 */
export function createRateLimiter(counter: RateLimitCounter, options: RateLimiterOptions): RateLimiter {
  return new FixedWindowLimiter(counter, readOptions(options))
}

class FixedWindowLimiter implements RateLimiter {
  readonly #counter: RateLimitCounter
  readonly #options: Required<RateLimiterOptions>

  constructor(counter: RateLimitCounter, options: Required<RateLimiterOptions>) {
    this.#counter = counter
    this.#options = options
  }

  async consume(key: string | readonly string[], points: number = 1): Promise<RateLimitDecision> {
    const { points: limit, windowSecs } = this.#options
    const name = this.#keyOf(key)
    if (name instanceof InvalidArgument) return this.#undecided(refused('increment', name))
    const hit = await this.#counter.hit(name, points, windowSecs)
    if (!hit.ok) return this.#undecided(hit)
    const { total, resetMs } = hit.value
    if (total > BigInt(limit)) {
      const refusal = { limit, remaining: 0, resetMs, retryAfterMs: resetMs }
      return { allowed: false, reason: 'limit-reached', ...refusal }
    }
    const remaining = limit - Number(total)
    return { allowed: true, reason: 'within-limit', limit, remaining, resetMs, retryAfterMs: 0 }
  }

  async reset(key: string | readonly string[]): Promise<StorageResult<undefined>> {
    const name = this.#keyOf(key)
    return name instanceof InvalidArgument ? refused('reset', name) : this.#counter.reset(name)
  }

  headers(decision: RateLimitDecision): Record<string, string> {
    return rateLimitHeaders(decision, this.#options)
  }

  #keyOf(key: unknown): string | InvalidArgument {
    const parts: unknown = typeof key === 'string' ? [key] : key
    if (!Array.isArray(parts)) {
      return new InvalidArgument(`key: expected a string or an array of strings, found ${kindOf(key)}`)
    }
    if (parts.length === 0) return new InvalidArgument('key: the array is empty; name who is counted')
    return rateLimitKey([this.#options.keyPrefix, ...(parts as readonly string[])])
  }

  #undecided({ error }: StorageFailure): RateLimitDecision {
    const { points: limit, onStoreError } = this.#options
    // A call that could not even be asked is a bug of the caller's, and no outage to look away from.
    const allowed = onStoreError === 'allow' && error.code !== 'ERR_STORE_INVALID_ARGUMENT'
    return { allowed, reason: 'store-failed', limit, error }
  }
}

const OPTIONS = ['points', 'windowSecs', 'keyPrefix', 'onStoreError', 'name'] as const

function readOptions(given: RateLimiterOptions): Required<RateLimiterOptions> {
  const block = readMapping(given, 'options')
  refuseUnknownKeys(block, 'options', 'createRateLimiter', OPTIONS)
  const { points, windowSecs, keyPrefix, onStoreError = 'deny', name = 'default' } = block
  if (!isWhole(points, Number.MAX_SAFE_INTEGER)) {
    throw invalid('points', `expected a whole number from 1 to 2^53 - 1, found ${kindOf(points)}`)
  }
  if (!isWhole(windowSecs, MAX_TTL_SECS)) {
    throw invalid(
      'windowSecs',
      `expected whole seconds from 1 to ${MAX_TTL_SECS}, found ${kindOf(windowSecs)}`,
    )
  }
  if (typeof keyPrefix !== 'string' || rateLimitKey([keyPrefix]) instanceof InvalidArgument) {
    throw invalid('keyPrefix', `expected well-formed text, found ${kindOf(keyPrefix)}`)
  }
  if (onStoreError !== 'deny' && onStoreError !== 'allow') {
    throw invalid('onStoreError', "expected 'deny' or 'allow'")
  }
  return { points, windowSecs, keyPrefix, onStoreError, name: requirePolicyName(name, 'options.name') }
}

function isWhole(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max
}

function invalid(key: string, problem: string): ConfigError {
  return new ConfigError('ERR_CONFIG_INVALID', `options.${key}`, problem)
}
