import { refuseUnknownKeys } from '../store-config.js'
import type { ConfigBlock } from '../store-config.js'
import type { BootContext } from './boot-context.js'
import { DRIVER_NAME } from './driver.js'
import { MemoryPolicyStore } from './memory-policy-store.js'
import { MemoryRateLimitCounter } from './memory-rate-limit-counter.js'
import { MemorySessionStore } from './memory-session-store.js'
import { RedisBackend } from './redis-backend.js'
import type { RedisStorageConfig } from './redis-storage-config.js'
import type { StorageRegistry } from './storage-registry.js'

const MEMORY = 'memory'

/**
 * Enters the driver `redis` for policies, session records and rate limits; for nothing else. Of one boot, all three
 * share a pool.
 */
export function register(registry: StorageRegistry): void {
  registry
    .register('policyStore', DRIVER_NAME, async (section, context) =>
      (await backend(section, context)).policies(),
    )
    .register('sessionStore', DRIVER_NAME, async (section, context) =>
      (await backend(section, context)).sessions(),
    )
    .register('rateLimitCounter', DRIVER_NAME, async (section, context) =>
      (await backend(section, context)).rateLimiter(),
    )
}

/** Enters the driver `memory` for policies, session records and rate limits. Its section is empty: `memory: {}`. */
export function registerMemory(registry: StorageRegistry): void {
  registry
    .register(
      'policyStore',
      MEMORY,
      withoutSettings(() => new MemoryPolicyStore()),
    )
    .register(
      'sessionStore',
      MEMORY,
      withoutSettings(() => new MemorySessionStore()),
    )
    .register(
      'rateLimitCounter',
      MEMORY,
      withoutSettings(() => new MemoryRateLimitCounter()),
    )
}

function backend(section: ConfigBlock, context: BootContext): Promise<RedisBackend> {
  const path = `${context.path}.${DRIVER_NAME}`
  return context.shared(DRIVER_NAME, () => RedisBackend.connect(section as RedisStorageConfig, { path }))
}

function withoutSettings<Store>(make: () => Store): (section: ConfigBlock, context: BootContext) => Store {
  return (section, { path }) => {
    refuseUnknownKeys(section, `${path}.${MEMORY}`, `driver "${MEMORY}"`, [])
    return make()
  }
}
