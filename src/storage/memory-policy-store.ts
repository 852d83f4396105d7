import { InvalidArgument } from '../invalid-argument.js'
import { ExpiringMap } from './expiring-map.js'
import { readPolicyDocument } from './policy-document.js'
import type { PolicyDocument } from './policy-document.js'
import { cacheableJson } from './policy-json.js'
import { DEFAULT_POLICY_CACHE_TTL_SECS } from './policy-store.js'
import type { PolicyCache, PolicyCacheListener } from './policy-store.js'
import { PolicyWatch } from './policy-watch.js'
import { readRecordId } from './record-id.js'
import type { RecordId } from './record-id.js'
import { DONE, found, refused } from './storage-result.js'
import type { StorageResult } from './storage-result.js'
import { readSeconds } from './unsigned.js'

/** Cached policies in the memory of this process: for one node and for tests. */
export class MemoryPolicyStore implements PolicyCache {
  readonly watchable = true
  readonly #policies = new ExpiringMap<PolicyDocument>()
  readonly #watch = new PolicyWatch(true)

  async getPolicy(agentId: RecordId): Promise<StorageResult<PolicyDocument | null>> {
    const id = readRecordId(agentId, 'agentId')
    if (id instanceof InvalidArgument) return refused('get-policy', id)
    return found(this.#policies.get(id)?.value ?? null)
  }

  async cachePolicy(
    agentId: RecordId,
    document: PolicyDocument,
    ttlSecs: number = DEFAULT_POLICY_CACHE_TTL_SECS,
  ): Promise<StorageResult<undefined>> {
    const id = readRecordId(agentId, 'agentId')
    if (id instanceof InvalidArgument) return refused('cache-policy', id)
    const policy = readPolicyDocument(document)
    if (policy instanceof InvalidArgument) return refused('cache-policy', policy)
    const json = cacheableJson(policy) // what another node could not be given, none shall keep
    if (json instanceof InvalidArgument) return refused('cache-policy', json)
    const seconds = readSeconds(ttlSecs, 'ttlSecs')
    if (seconds instanceof InvalidArgument) return refused('cache-policy', seconds)
    this.#policies.set(id, policy, seconds * 1000)
    this.#watch.tell([id])
    return DONE
  }

  async invalidate(agentId: RecordId): Promise<StorageResult<undefined>> {
    const id = readRecordId(agentId, 'agentId')
    if (id instanceof InvalidArgument) return refused('invalidate-policy', id)
    this.#policies.delete(id)
    this.#watch.tell([id])
    return DONE
  }

  watch(listener: PolicyCacheListener): () => void {
    return this.#watch.add(listener)
  }
}
