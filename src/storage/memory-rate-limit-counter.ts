import { InvalidArgument } from '../invalid-argument.js'
import { ExpiringMap } from './expiring-map.js'
import { readIncrement } from './increment-arguments.js'
import type { RateLimitCounter, RateLimitWindow } from './rate-limit-counter.js'
import { readRateLimitKey } from './rate-limit-key.js'
import { DONE, found, refused } from './storage-result.js'
import type { StorageResult } from './storage-result.js'
import { MAX_I64 } from './unsigned.js'

/** Counters in the memory of this process: for one node and for tests. Each node counts for itself. */
export class MemoryRateLimitCounter implements RateLimitCounter {
  readonly #counters = new ExpiringMap<{ total: bigint }>()

  async increment(key: string, amount: bigint | number, windowSecs: number): Promise<StorageResult<bigint>> {
    const result = await this.hit(key, amount, windowSecs)
    return result.ok ? found(result.value.total) : result
  }

  async hit(
    key: string,
    amount: bigint | number,
    windowSecs: number,
  ): Promise<StorageResult<RateLimitWindow>> {
    const read = readIncrement(key, amount, windowSecs)
    if (read instanceof InvalidArgument) return refused('increment', read)
    const counter = this.#counters.get(read.key)
    if (counter === undefined) {
      const lifeMs = read.windowSecs * 1000
      this.#counters.set(read.key, { total: read.amount }, lifeMs)
      return found({ total: read.amount, resetMs: lifeMs })
    }
    const { value, leftMs } = counter
    // Nothing is added where the sum would not fit, as in the server.
    const fits = value.total <= MAX_I64 - read.amount
    if (fits) value.total += read.amount
    return found({ total: fits ? value.total : MAX_I64, resetMs: Math.ceil(leftMs) })
  }

  async current(key: string): Promise<StorageResult<bigint>> {
    const name = readRateLimitKey(key)
    if (name instanceof InvalidArgument) return refused('current', name)
    return found(this.#counters.get(name)?.value.total ?? 0n)
  }

  async reset(key: string): Promise<StorageResult<undefined>> {
    const name = readRateLimitKey(key)
    if (name instanceof InvalidArgument) return refused('reset', name)
    this.#counters.delete(name)
    return DONE
  }
}
