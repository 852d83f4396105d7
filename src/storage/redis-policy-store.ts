import { InvalidArgument } from '../invalid-argument.js'
import type { Pool } from './pool.js'
import { readPolicyDocument } from './policy-document.js'
import type { PolicyDocument } from './policy-document.js'
import { cacheableJson, policyFromJson } from './policy-json.js'
import { DEFAULT_POLICY_CACHE_TTL_SECS } from './policy-store.js'
import type { PolicyCache, PolicyCacheListener } from './policy-store.js'
import { readRecordId } from './record-id.js'
import type { RecordId } from './record-id.js'
import { DONE, found, refused, undecodable } from './storage-result.js'
import type { StorageResult } from './storage-result.js'
import { readSeconds } from './unsigned.js'

/** Cached policies in the server that a {@link Pool} leads to, under `aa:policy:`. */
export class RedisPolicyStore implements PolicyCache {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Whether the pool was built with `trackPolicies`. */
  get watchable(): boolean {
    return this.#pool.tracksPolicies
  }

  async getPolicy(agentId: RecordId): Promise<StorageResult<PolicyDocument | null>> {
    const refusal = this.#pool.refusal('get-policy')
    if (refusal !== undefined) return refusal
    const id = readRecordId(agentId, 'agentId')
    if (id instanceof InvalidArgument) return refused('get-policy', id)
    const result = await this.#pool.exchange('get-policy', id)
    if (!result.ok) return result
    if (result.value === undefined) return found(null)
    const document = policyFromJson(result.value)
    return document === undefined ? undecodable('get-policy', 'it is no policy document') : found(document)
  }

  async cachePolicy(
    agentId: RecordId,
    document: PolicyDocument,
    ttlSecs: number = DEFAULT_POLICY_CACHE_TTL_SECS,
  ): Promise<StorageResult<undefined>> {
    const refusal = this.#pool.refusal('cache-policy')
    if (refusal !== undefined) return refusal
    const id = readRecordId(agentId, 'agentId')
    if (id instanceof InvalidArgument) return refused('cache-policy', id)
    const policy = readPolicyDocument(document)
    if (policy instanceof InvalidArgument) return refused('cache-policy', policy)
    const json = cacheableJson(policy)
    if (json instanceof InvalidArgument) return refused('cache-policy', json)
    const seconds = readSeconds(ttlSecs, 'ttlSecs')
    if (seconds instanceof InvalidArgument) return refused('cache-policy', seconds)
    const result = await this.#pool.exchange('cache-policy', id, [json, String(seconds)])
    return result.ok ? DONE : result
  }

  async invalidate(agentId: RecordId): Promise<StorageResult<undefined>> {
    const refusal = this.#pool.refusal('invalidate-policy')
    if (refusal !== undefined) return refusal
    const id = readRecordId(agentId, 'agentId')
    if (id instanceof InvalidArgument) return refused('invalidate-policy', id)
    const result = await this.#pool.exchange('invalidate-policy', id)
    return result.ok ? DONE : result
  }

  watch(listener: PolicyCacheListener): () => void {
    return this.#pool.watchPolicies(listener)
  }
}
