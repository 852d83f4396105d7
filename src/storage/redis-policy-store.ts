import { InvalidArgument } from '../invalid-argument.js'
import { NONE } from './pool.js'
import type { Pool } from './pool.js'
import { readPolicyDocument } from './policy-document.js'
import type { PolicyDocument } from './policy-document.js'
import { cacheableJson, policyFromJson } from './policy-json.js'
import { DEFAULT_POLICY_CACHE_TTL_SECS } from './policy-store.js'
import type { PolicyCache, PolicyCacheListener } from './policy-store.js'
import { readRecordId } from './record-id.js'
import type { RecordId } from './record-id.js'
import { found, refused, undecodable } from './storage-result.js'
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

  getPolicy(agentId: RecordId): Promise<StorageResult<PolicyDocument | null>> {
    const refusal = this.#pool.refusal('get-policy')
    if (refusal !== undefined) return Promise.resolve(refusal)
    const id = readRecordId(agentId, 'agentId')
    if (id instanceof InvalidArgument) return Promise.resolve(refused('get-policy', id))
    return this.#pool.ask('get-policy', id, NONE, decode)
  }

  cachePolicy(
    agentId: RecordId,
    document: PolicyDocument,
    ttlSecs: number = DEFAULT_POLICY_CACHE_TTL_SECS,
  ): Promise<StorageResult<undefined>> {
    const refusal = this.#pool.refusal('cache-policy')
    if (refusal !== undefined) return Promise.resolve(refusal)
    const id = readRecordId(agentId, 'agentId')
    if (id instanceof InvalidArgument) return Promise.resolve(refused('cache-policy', id))
    const policy = readPolicyDocument(document)
    if (policy instanceof InvalidArgument) return Promise.resolve(refused('cache-policy', policy))
    const json = cacheableJson(policy)
    if (json instanceof InvalidArgument) return Promise.resolve(refused('cache-policy', json))
    const seconds = readSeconds(ttlSecs, 'ttlSecs')
    if (seconds instanceof InvalidArgument) return Promise.resolve(refused('cache-policy', seconds))
    return this.#pool.write('cache-policy', id, [json, String(seconds)])
  }

  invalidate(agentId: RecordId): Promise<StorageResult<undefined>> {
    const refusal = this.#pool.refusal('invalidate-policy')
    if (refusal !== undefined) return Promise.resolve(refusal)
    const id = readRecordId(agentId, 'agentId')
    if (id instanceof InvalidArgument) return Promise.resolve(refused('invalidate-policy', id))
    return this.#pool.write('invalidate-policy', id)
  }

  watch(listener: PolicyCacheListener): () => void {
    return this.#pool.watchPolicies(listener)
  }
}

function decode(text: string | undefined): StorageResult<PolicyDocument | null> {
  if (text === undefined) return found(null)
  const document = policyFromJson(text)
  return document === undefined ? undecodable('get-policy', 'it is no policy document') : found(document)
}
