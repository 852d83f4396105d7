import { callbackify } from 'node:util'

import { ConfigError } from '../config-error.js'
import { AdapterCounter, readKeyPrefix, wholeSeconds } from './adapter-counter.js'
import type { RateLimitStoreOptions } from './adapter-counter.js'
import type { RateLimitCounter } from './rate-limit-counter.js'

/** Takes what `@fastify/rate-limit` wants to know of a counter: hits and milliseconds. */
export type FastifyRateLimitCallback = (
  error: Error | null,
  result?: { current: number; ttl: number },
) => void

/** A store of `@fastify/rate-limit`. */
export interface FastifyRateLimitStore {
  incr(key: string, callback: FastifyRateLimitCallback, timeWindow: number, max: number): void
  /** The store of a route with settings of its own, which counts for itself. */
  child(routeOptions: object): FastifyRateLimitStore
}

/** What the option `store` of `@fastify/rate-limit` takes. */
export type FastifyRateLimitStoreClass = new (options: object) => FastifyRateLimitStore

/**
 * The class for the option `store` of `@fastify/rate-limit`:
 * `app.register(rateLimit, { max, timeWindow, store: fastifyRateLimitStore(counter, { keyPrefix }) })`.
 *
 * Refused requests count. A request that cannot be counted is answered with 503, unless the plugin's own `skipOnError`
 * says otherwise. `continueExceeding` and `exponentialBackoff` move the end of a window and are refused.
 *
 * @throws {ConfigError}
 */
export function fastifyRateLimitStore(
  counter: RateLimitCounter,
  options: RateLimitStoreOptions,
): FastifyRateLimitStoreClass {
  const root = new AdapterCounter(counter, [readKeyPrefix(options)])

  class Store implements FastifyRateLimitStore {
    readonly #counters: AdapterCounter

    constructor(settings: object, counters: AdapterCounter = root.within('')) {
      refuseMovingWindows(settings)
      this.#counters = counters
    }

    incr(key: string, callback: FastifyRateLimitCallback, timeWindow: number): void {
      answer(this.#counters, key, timeWindow, callback)
    }

    child(routeOptions: object): FastifyRateLimitStore {
      const { routeInfo } = routeOptions as { routeInfo?: { method?: unknown; url?: unknown } }
      const route = JSON.stringify([routeInfo?.method ?? null, routeInfo?.url ?? null])
      return new Store(routeOptions, root.within(route))
    }
  }
  return Store
}

async function count(
  counters: AdapterCounter,
  key: string,
  timeWindow: number,
): Promise<{ current: number; ttl: number }> {
  const { total, resetMs } = await counters.hit(key, wholeSeconds(timeWindow, 'timeWindow'))
  return { current: total, ttl: resetMs }
}

/** {@link count} in the form that the plugin knows; what its callback throws is not taken for a failed count. */
const answer = callbackify(count)

function refuseMovingWindows(settings: object): void {
  for (const option of ['continueExceeding', 'exponentialBackoff'] as const) {
    if ((settings as Readonly<Record<string, unknown>>)[option] !== true) continue
    const problem = 'the window is fixed and its end does not move; leave the option out'
    throw new ConfigError('ERR_CONFIG_INVALID', option, problem)
  }
  const { timeWindow } = settings as { readonly timeWindow?: unknown }
  if (typeof timeWindow === 'number') wholeSeconds(timeWindow, 'timeWindow')
}
