import { InvalidArgument } from '../invalid-argument.js'
import { failed } from '../results.js'
import type { Decode } from '../results.js'
import { readIncrement } from './increment-arguments.js'
import { NONE } from './pool.js'
import type { Pool } from './pool.js'
import type { RateLimitCounter, RateLimitWindow } from './rate-limit-counter.js'
import { readRateLimitKey } from './rate-limit-key.js'
import { found, refused } from './storage-result.js'
import type { StorageResult } from './storage-result.js'

/** Counters in the server that a {@link Pool} leads to, under `aa:ratelimit:`. */
export class RedisRateLimitCounter implements RateLimitCounter {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  increment(key: string, amount: bigint | number, windowSecs: number): Promise<StorageResult<bigint>> {
    return this.#increment(key, amount, windowSecs, decodeTotal)
  }

  hit(key: string, amount: bigint | number, windowSecs: number): Promise<StorageResult<RateLimitWindow>> {
    return this.#increment(key, amount, windowSecs, decodeWindow)
  }

  current(key: string): Promise<StorageResult<bigint>> {
    const refusal = this.#pool.refusal('current')
    if (refusal !== undefined) return Promise.resolve(refusal)
    const name = readRateLimitKey(key)
    if (name instanceof InvalidArgument) return Promise.resolve(refused('current', name))
    return this.#pool.ask('current', name, NONE, (text) => found(BigInt(text ?? 0)))
  }

  reset(key: string): Promise<StorageResult<undefined>> {
    const refusal = this.#pool.refusal('reset')
    if (refusal !== undefined) return Promise.resolve(refusal)
    const name = readRateLimitKey(key)
    if (name instanceof InvalidArgument) return Promise.resolve(refused('reset', name))
    return this.#pool.write('reset', name)
  }

  #increment<Value>(
    key: string,
    amount: bigint | number,
    windowSecs: number,
    decode: Decode<Value>,
  ): Promise<StorageResult<Value>> {
    const refusal = this.#pool.refusal('increment')
    if (refusal !== undefined) return Promise.resolve(refusal)
    const read = readIncrement(key, amount, windowSecs)
    if (read instanceof InvalidArgument) return Promise.resolve(refused('increment', read))
    return this.#pool.ask('increment', read.key, [String(read.amount), String(read.windowSecs)], decode)
  }
}

/** `<total> <milliseconds left>` */
function decodeWindow(text: string | undefined): StorageResult<RateLimitWindow> {
  const space = text?.indexOf(' ') ?? -1
  if (text === undefined || space < 1) return failed({ code: 'ERR_STORE_INTERNAL', operation: 'increment' })
  return found({ total: BigInt(text.slice(0, space)), resetMs: Math.max(0, Number(text.slice(space + 1))) })
}

function decodeTotal(text: string | undefined): StorageResult<bigint> {
  const window = decodeWindow(text)
  return window.ok ? found(window.value.total) : window
}
