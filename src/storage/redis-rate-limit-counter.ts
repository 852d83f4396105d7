import { InvalidArgument } from '../invalid-argument.js'
import { failed } from '../results.js'
import { readIncrement } from './increment-arguments.js'
import type { Pool } from './pool.js'
import type { RateLimitCounter, RateLimitWindow } from './rate-limit-counter.js'
import { readRateLimitKey } from './rate-limit-key.js'
import { DONE, found, refused } from './storage-result.js'
import type { StorageResult } from './storage-result.js'

/** Counters in the server that a {@link Pool} leads to, under `aa:ratelimit:`. */
export class RedisRateLimitCounter implements RateLimitCounter {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async increment(key: string, amount: bigint | number, windowSecs: number): Promise<StorageResult<bigint>> {
    const result = await this.hit(key, amount, windowSecs)
    return result.ok ? found(result.value.total) : result
  }

  async hit(
    key: string,
    amount: bigint | number,
    windowSecs: number,
  ): Promise<StorageResult<RateLimitWindow>> {
    const refusal = this.#pool.refusal('increment')
    if (refusal !== undefined) return refusal
    const read = readIncrement(key, amount, windowSecs)
    if (read instanceof InvalidArgument) return refused('increment', read)
    const args = [String(read.amount), String(read.windowSecs)]
    const result = await this.#pool.exchange('increment', read.key, args)
    return result.ok ? decode(result.value) : result
  }

  async current(key: string): Promise<StorageResult<bigint>> {
    const refusal = this.#pool.refusal('current')
    if (refusal !== undefined) return refusal
    const name = readRateLimitKey(key)
    if (name instanceof InvalidArgument) return refused('current', name)
    const result = await this.#pool.exchange('current', name)
    return result.ok ? found(BigInt(result.value ?? 0)) : result
  }

  async reset(key: string): Promise<StorageResult<undefined>> {
    const refusal = this.#pool.refusal('reset')
    if (refusal !== undefined) return refusal
    const name = readRateLimitKey(key)
    if (name instanceof InvalidArgument) return refused('reset', name)
    const result = await this.#pool.exchange('reset', name)
    return result.ok ? DONE : result
  }
}

/** `<total> <milliseconds left>` */
function decode(text: string | undefined): StorageResult<RateLimitWindow> {
  const space = text?.indexOf(' ') ?? -1
  if (text === undefined || space < 1) return failed({ code: 'ERR_STORE_INTERNAL', operation: 'increment' })
  return found({ total: BigInt(text.slice(0, space)), resetMs: Math.max(0, Number(text.slice(space + 1))) })
}
