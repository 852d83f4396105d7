import { ConfigError } from '../config-error.js'
import { InvalidArgument, kindOf } from '../invalid-argument.js'
import { failed } from '../results.js'
import { readMapping, refuseUnknownKeys } from '../store-config.js'
import type { PolicyDocument } from './policy-document.js'
import { askLoader } from './policy-loader.js'
import type { PolicyLoader } from './policy-loader.js'
import { DEFAULT_POLICY_CACHE_TTL_SECS } from './policy-store.js'
import type { PolicyCache, PolicyStore } from './policy-store.js'
import { RecentPolicies } from './recent-policies.js'
import { readRecordId } from './record-id.js'
import type { RecordId } from './record-id.js'
import { refused } from './storage-result.js'
import type { StorageResult } from './storage-result.js'
import { MAX_TTL_SECS } from './unsigned.js'

/** How a {@link ReadThroughPolicyStore} reads. */
export interface ReadThroughOptions {
  /** Asked for what no cache holds. */
  readonly load: PolicyLoader
  /** How long a policy stays in the shared cache and in memory, in seconds, 1 to 2^31. Default 300. */
  readonly ttlSecs?: number
  /** Policies kept in memory, 1 to 1,000,000. Default 10,000. */
  readonly maxEntries?: number
  /** How long the loader may take, in milliseconds, 1 to 600,000. Default 5,000. */
  readonly loadTimeoutMs?: number
  /**
   * What a read does while the shared cache fails: `load` (the default) asks the loader, which is the authority, and
   * keeps nothing; `fail` answers the failure, where the loader must be spared.
   */
  readonly onCacheFailure?: 'load' | 'fail'
}

/** A load that is under way. */
interface Load {
  /** The policy may have changed since this load read it. */
  changed: boolean
  /** Whether every change since the beginning would have been told. */
  watched: boolean
  /** Set while what was loaded is being written, which the server tells us as a change, too. */
  writing: boolean
  answer: Promise<StorageResult<PolicyDocument | null>>
}

/** How often a load starts over because its policy was changed under it. */
const MAX_ROUNDS = 16

/**
 * Policies from memory, from a shared cache and from the loader, in this order; what was loaded fills the shared
 * cache, and what the shared cache holds fills the memory.
 *
 * Of one policy there is one load at a time. An {@link invalidate} wins over every load that it meets: the load starts
 * over. What other nodes change is dropped from memory as soon as the server tells it; while it cannot be told,
 * nothing is kept in memory.
 */
export class ReadThroughPolicyStore implements PolicyStore, Disposable {
  readonly #cache: PolicyCache
  readonly #options: Required<ReadThroughOptions>
  readonly #recent: RecentPolicies
  readonly #loads = new Map<string, Load>()
  readonly #unwatch: () => void
  #watching = false

  /**
   * @param cache `RedisBackend.policies()` of a backend with `trackPolicies: true`, or a `MemoryPolicyStore`.
   * @throws {ConfigError}
   */
  constructor(cache: PolicyCache, options: ReadThroughOptions) {
    this.#options = readOptions(options)
    if (!cache.watchable) {
      const problem = 'the cache cannot tell what other nodes change; build its pool with trackPolicies: true'
      throw new ConfigError('ERR_CONFIG_INVALID', 'cache', problem)
    }
    this.#cache = cache
    this.#recent = new RecentPolicies(this.#options.maxEntries, this.#options.ttlSecs * 1000)
    this.#unwatch = cache.watch({
      watching: () => this.#watch(true),
      changed: (agentIds) => this.#changed(agentIds),
      lost: () => this.#watch(false),
    })
  }

  /** Policies in memory at the moment. */
  get size(): number {
    return this.#recent.size
  }

  /** The policy if it is in memory, without a promise. An id in canonical form only: 32 lower-case characters. */
  peek(agentId: string): PolicyDocument | undefined {
    return this.#recent.get(agentId)?.document
  }

  getPolicy(agentId: RecordId): Promise<StorageResult<PolicyDocument | null>> {
    const hit = typeof agentId === 'string' ? this.#recent.get(agentId) : undefined
    return hit === undefined ? this.#read(agentId) : hit.answer
  }

  /** Resolves when no later read on this node can answer what was there before. */
  async invalidate(agentId: RecordId): Promise<StorageResult<undefined>> {
    const id = readRecordId(agentId, 'agentId')
    if (id instanceof InvalidArgument) return refused('invalidate-policy', id)
    this.#drop(id)
    const result = await this.#cache.invalidate(id)
    // Again: in between, a load may have read what was then deleted.
    this.#drop(id)
    return result
  }

  /** Forgets everything in memory and stops watching the cache, which stays open. */
  [Symbol.dispose](): void {
    this.#unwatch()
    this.#watch(false)
  }

  #read(agentId: RecordId): Promise<StorageResult<PolicyDocument | null>> {
    const id = readRecordId(agentId, 'agentId')
    if (id instanceof InvalidArgument) return Promise.resolve(refused('get-policy', id))
    const hit = this.#recent.get(id)
    return hit === undefined ? this.#joinLoad(id) : hit.answer
  }

  #joinLoad(id: string): Promise<StorageResult<PolicyDocument | null>> {
    const running = this.#loads.get(id)
    if (running !== undefined) return running.answer
    const load = { changed: false, watched: false, writing: false } as Load
    this.#loads.set(id, load)
    load.answer = this.#run(id, load).finally(() => this.#loads.delete(id))
    return load.answer
  }

  async #run(id: string, load: Load): Promise<StorageResult<PolicyDocument | null>> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      load.changed = false
      load.watched = this.#watching
      const result = await this.#once(id, load)
      if (!load.changed) return Object.freeze(result)
    }
    const detail = 'the policy kept changing while it was loaded'
    return failed({ code: 'ERR_STORE_UNAVAILABLE', operation: 'get-policy', detail })
  }

  async #once(id: string, load: Load): Promise<StorageResult<PolicyDocument | null>> {
    const cached = await this.#cache.getPolicy(id)
    if (cached.ok && cached.value !== null) {
      // Only what was read is remembered, never what was written: nothing tells that a later write came first.
      if (load.watched && !load.changed) this.#recent.set(id, cached.value)
      return cached
    }
    if (!cached.ok && (cached.error.code === 'ERR_STORE_CLOSED' || this.#options.onCacheFailure === 'fail')) {
      return cached
    }
    const loaded = await askLoader(this.#options.load, id, this.#options.loadTimeoutMs)
    const writable = cached.ok || cached.error.code === 'ERR_STORE_UNDECODABLE'
    if (loaded.ok && loaded.value !== null && writable && !load.changed) {
      await this.#fill(id, loaded.value, load)
    }
    return loaded
  }

  /** Writes what was loaded; a cache that does not take it costs the next reader a load, and no more. */
  async #fill(id: string, document: PolicyDocument, load: Load): Promise<void> {
    load.writing = true
    await this.#cache.cachePolicy(id, document, this.#options.ttlSecs)
    load.writing = false
    // The deletion of an invalidate that came meanwhile may have been overtaken by the write.
    if (load.changed) await this.#cache.invalidate(id)
  }

  /** This node changes a policy. */
  #drop(id: string): void {
    this.#recent.delete(id)
    const load = this.#loads.get(id)
    if (load !== undefined) load.changed = true
  }

  /** Some node, perhaps this one, has changed policies in the shared cache. */
  #changed(agentIds: readonly string[]): void {
    for (const id of agentIds) {
      this.#recent.delete(id)
      const load = this.#loads.get(id)
      if (load !== undefined && !load.writing) load.changed = true
    }
  }

  #watch(watching: boolean): void {
    this.#watching = watching
    this.#recent.clear()
    for (const load of this.#loads.values()) load.watched = false
  }
}

const OPTIONS = ['load', 'ttlSecs', 'maxEntries', 'loadTimeoutMs', 'onCacheFailure'] as const

function readOptions(given: ReadThroughOptions): Required<ReadThroughOptions> {
  const block = readMapping(given, 'options')
  refuseUnknownKeys(block, 'options', 'ReadThroughPolicyStore', OPTIONS)
  const {
    load,
    ttlSecs = DEFAULT_POLICY_CACHE_TTL_SECS,
    maxEntries = 10_000,
    loadTimeoutMs = 5_000,
    onCacheFailure = 'load',
  } = block as Partial<ReadThroughOptions>
  if (typeof load !== 'function') throw invalid('load', `expected a function, found ${kindOf(load)}`)
  requireWhole('ttlSecs', ttlSecs, MAX_TTL_SECS)
  requireWhole('maxEntries', maxEntries, 1_000_000)
  requireWhole('loadTimeoutMs', loadTimeoutMs, 600_000)
  if (onCacheFailure !== 'load' && onCacheFailure !== 'fail') {
    throw invalid('onCacheFailure', "expected 'load' or 'fail'")
  }
  return { load, ttlSecs, maxEntries, loadTimeoutMs, onCacheFailure }
}

function requireWhole(key: string, value: unknown, max: number): void {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max) return
  throw invalid(key, `expected a whole number from 1 to ${max}, found ${kindOf(value)}`)
}

function invalid(key: string, problem: string): ConfigError {
  return new ConfigError('ERR_CONFIG_INVALID', `options.${key}`, problem)
}
