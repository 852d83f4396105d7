import { buildPool } from './pool.js'
import type { Pool, PoolOptions } from './pool.js'
import { RedisPolicyStore } from './redis-policy-store.js'
import { RedisRateLimitCounter } from './redis-rate-limit-counter.js'
import { RedisSessionStore } from './redis-session-store.js'
import type { RedisStorageConfig } from './redis-storage-config.js'
import type { StoreHealth } from '../store-health.js'

/** One pool and the stores over it. */
export class RedisBackend implements AsyncDisposable {
  /** The connections that all stores of this backend share. */
  readonly pool: Pool

  /** Over a pool that exists already. {@link close} closes it. */
  constructor(pool: Pool) {
    this.pool = pool
  }

  /**
   * Validates the configuration and makes the pool. It dials nothing: the first operation does, and whether the
   * server can be reached shows on that.
   *
   * @throws {ConfigError}
   */
  static async connect(config: RedisStorageConfig = {}, options: PoolOptions = {}): Promise<RedisBackend> {
    return new RedisBackend(await buildPool(config, options))
  }

  sessions(): RedisSessionStore {
    return new RedisSessionStore(this.pool)
  }

  rateLimiter(): RedisRateLimitCounter {
    return new RedisRateLimitCounter(this.pool)
  }

  policies(): RedisPolicyStore {
    return new RedisPolicyStore(this.pool)
  }

  /** How the server is doing, without asking it. */
  health(): StoreHealth {
    return this.pool.health()
  }

  /** Closes the pool, and with it every store over it. Never rejects. */
  close(): Promise<void> {
    return this.pool.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
