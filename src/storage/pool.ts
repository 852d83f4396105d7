import { ConfigError } from '../config-error.js'
import type { ConfigErrorCode } from '../config-error.js'
import { configToJson } from '../config-json.js'
import { CredentialsDesk } from '../credentials-desk.js'
import { FrameEngine } from '../frames/frame-engine.js'
import type { PoliciesEvent } from '../frames/frame-engine.js'
import { loadNativeAddon } from '../native-addon.js'
import { failed } from '../results.js'
import type { Decode } from '../results.js'
import type { CredentialsProvider } from '../session-store-factory.js'
import { readMapping } from '../store-config.js'
import type { StorageOperation } from '../store-error.js'
import type { StoreHealth } from '../store-health.js'
import { DRIVER_NAME } from './driver.js'
import type { PolicyCacheListener } from './policy-store.js'
import { PolicyWatch } from './policy-watch.js'
import type { RedisStorageConfig } from './redis-storage-config.js'
import type { StorageEngine } from './storage-engine.js'
import type { StorageFailure, StorageResult } from './storage-result.js'

/** How to build a pool, beyond its configuration. */
export interface PoolOptions {
  /** Where the configuration stands, for the paths in error messages. Default `storage.redis`. */
  readonly path?: string
  /** Asked for each new connection, instead of credentials in the configuration. */
  readonly credentials?: CredentialsProvider
}

/**
 * The connections that stores share. Operations of one turn cross to the native side together, whichever store they
 * come from; so programs need one pool, not one a store.
 */
export class Pool implements AsyncDisposable {
  readonly #engine: StorageEngine
  readonly #watch: PolicyWatch
  /** Whether changed policies are told (`trackPolicies`). */
  readonly tracksPolicies: boolean
  #closing: Promise<void> | undefined

  /** For {@link buildPool}, and for tests that bring an engine of their own. */
  constructor(engine: StorageEngine, watch: PolicyWatch, tracksPolicies: boolean) {
    this.#engine = engine
    this.#watch = watch
    this.tracksPolicies = tracksPolicies
  }

  /** Why `operation` cannot be begun, or `undefined` when it can: the check that precedes those of the arguments. */
  refusal(operation: StorageOperation): StorageFailure | undefined {
    return this.#closing === undefined ? undefined : failed({ code: 'ERR_STORE_CLOSED', operation })
  }

  /** Runs one write of a store. The arguments have been checked. */
  write(
    operation: StorageOperation,
    id: string,
    args: readonly string[] = NONE,
  ): Promise<StorageResult<undefined>> {
    return this.#engine.write(operation, [id], args)
  }

  /** Runs one operation of a store that answers with what was found. The arguments have been checked. */
  ask<Value>(
    operation: StorageOperation,
    id: string,
    args: readonly string[],
    decode: Decode<Value>,
  ): Promise<StorageResult<Value>> {
    return this.#engine.ask(operation, [id], args, decode)
  }

  /** Tells `listener` which policies change in the server, if {@link tracksPolicies}. */
  watchPolicies(listener: PolicyCacheListener): () => void {
    return this.#watch.add(listener)
  }

  /** How the server is doing, without asking it. */
  health(): StoreHealth {
    return this.#engine.health()
  }

  /** New calls answer `ERR_STORE_CLOSED` at once; those under way end by their own deadline. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#shut()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #shut(): Promise<void> {
    this.#watch.end()
    return this.#engine.close()
  }
}

/** No arguments beyond the id. */
export const NONE: readonly string[] = []

/**
 * Builds the pool that stores share. Validates the configuration and reads the files that it names; dials nothing:
 * whether the server can be reached shows on the operations.
 *
 * @throws {ConfigError}
 */
export async function buildPool(config: RedisStorageConfig = {}, options: PoolOptions = {}): Promise<Pool> {
  const { path = `storage.${DRIVER_NAME}`, credentials } = options
  const block = readMapping(config, path)
  const json = configToJson(block, path)
  const addon = await loadNativeAddon(path)
  const desk = credentials === undefined ? undefined : new CredentialsDesk(credentials)
  const watch = new PolicyWatch(false)
  const engine = new FrameEngine(
    DRIVER_NAME,
    (wake) => {
      const opened = addon.openStorage(json, wake, desk && ((request) => void desk.answer(request)))
      if (!('message' in opened)) {
        desk?.connect(opened)
        return opened
      }
      const where = opened.path === '' ? path : `${path}.${opened.path}`
      const problem = `${opened.message} (driver "${DRIVER_NAME}")`
      throw new ConfigError(opened.code as ConfigErrorCode, where, problem)
    },
    (event) => tell(watch, event),
  )
  return new Pool(engine, watch, block['trackPolicies'] === true)
}

function tell(watch: PolicyWatch, event: PoliciesEvent): void {
  switch (event.name) {
    case 'tracking':
      return watch.begin()
    case 'invalidated':
      return watch.tell(event.agents)
    case 'lost':
      return watch.end()
  }
}
