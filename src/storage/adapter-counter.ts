import { ConfigError } from '../config-error.js'
import { InvalidArgument, kindOf } from '../invalid-argument.js'
import { readMapping, refuseUnknownKeys } from '../store-config.js'
import type { RateLimitCounter } from './rate-limit-counter.js'
import { rateLimitKey } from './rate-limit-key.js'
import { RateLimitUnavailableError } from './rate-limit-unavailable-error.js'
import { refused } from './storage-result.js'
import type { StorageResult } from './storage-result.js'
import { MAX_TTL_SECS } from './unsigned.js'

/** How an adapter names its counters. */
export interface RateLimitStoreOptions {
  /** Tells these counters from those of other limiters over the same server: the first part of every key. */
  readonly keyPrefix: string
}

/** A counter as the stores of web frameworks want it: numbers, milliseconds, and errors thrown. */
export class AdapterCounter {
  readonly #counter: RateLimitCounter
  readonly #prefix: readonly string[]

  constructor(counter: RateLimitCounter, prefix: readonly string[]) {
    this.#counter = counter
    this.#prefix = prefix
  }

  /** The same counters one level down. */
  within(...parts: readonly string[]): AdapterCounter {
    return new AdapterCounter(this.#counter, [...this.#prefix, ...parts])
  }

  /** @throws {RateLimitUnavailableError} */
  async hit(key: string, windowSecs: number): Promise<{ total: number; resetMs: number }> {
    const name = this.#nameOf(key)
    const hit = valueOf(
      name instanceof InvalidArgument
        ? refused('increment', name)
        : await this.#counter.hit(name, 1n, windowSecs),
    )
    return { total: safeInteger(hit.total), resetMs: hit.resetMs }
  }

  /** @throws {RateLimitUnavailableError} */
  async current(key: string): Promise<number> {
    const name = this.#nameOf(key)
    return safeInteger(
      valueOf(name instanceof InvalidArgument ? refused('current', name) : await this.#counter.current(name)),
    )
  }

  /** @throws {RateLimitUnavailableError} */
  async reset(key: string): Promise<void> {
    const name = this.#nameOf(key)
    valueOf(name instanceof InvalidArgument ? refused('reset', name) : await this.#counter.reset(name))
  }

  #nameOf(key: string): string | InvalidArgument {
    return rateLimitKey([...this.#prefix, key])
  }
}

/** @throws {ConfigError} */
export function readKeyPrefix(options: RateLimitStoreOptions): string {
  const block = readMapping(options, 'options')
  refuseUnknownKeys(block, 'options', 'the rate limit store', ['keyPrefix'])
  const { keyPrefix } = block
  if (typeof keyPrefix === 'string' && !(rateLimitKey([keyPrefix]) instanceof InvalidArgument))
    return keyPrefix
  const problem = `expected well-formed text, found ${kindOf(keyPrefix)}`
  throw new ConfigError('ERR_CONFIG_INVALID', 'options.keyPrefix', problem)
}

/**
 * The whole seconds of a window that is given in milliseconds.
 *
 * @throws {ConfigError} for a fraction of a second: the counters of the server live whole seconds.
 */
export function wholeSeconds(windowMs: unknown, path: string): number {
  const seconds = typeof windowMs === 'number' ? windowMs / 1000 : Number.NaN
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_TTL_SECS) return seconds
  const problem = `expected whole seconds, in milliseconds: 1000, 2000 and so on; found ${kindOf(windowMs)}`
  throw new ConfigError('ERR_CONFIG_INVALID', path, problem)
}

function valueOf<Value>(result: StorageResult<Value>): Value {
  if (!result.ok) throw new RateLimitUnavailableError(result.error)
  return result.value
}

function safeInteger(total: bigint): number {
  return total > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(total)
}
