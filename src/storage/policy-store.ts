import type { PolicyDocument } from './policy-document.js'
import type { RecordId } from './record-id.js'
import type { StorageResult } from './storage-result.js'

/** How long a policy is best cached, in seconds. */
export const DEFAULT_POLICY_CACHE_TTL_SECS = 300

/** Policies by agent. */
export interface PolicyStore {
  /** The policy, or `null` when there is none. */
  getPolicy(agentId: RecordId): Promise<StorageResult<PolicyDocument | null>>
  /** Forgets the policy, so that the next read asks further down; ok when there is none. */
  invalidate(agentId: RecordId): Promise<StorageResult<undefined>>
}

/** A policy store that is filled by its users. */
export interface PolicyCache extends PolicyStore {
  /** Keeps `document` for `ttlSecs`, 1 to 2^31; default {@link DEFAULT_POLICY_CACHE_TTL_SECS}. */
  cachePolicy(
    agentId: RecordId,
    document: PolicyDocument,
    ttlSecs?: number,
  ): Promise<StorageResult<undefined>>
  /** Tells `listener` what others change in this cache. The function returned ends that. */
  watch(listener: PolicyCacheListener): () => void
  /** Whether changes by others can be told at all. */
  readonly watchable: boolean
}

/** Told what happens to a cache that several nodes share. Agents are 32 lower-case hexadecimal characters. */
export interface PolicyCacheListener {
  /** From now on every change is told; called at once when that is already so. */
  watching(): void
  /** These policies have changed. */
  changed(agentIds: readonly string[]): void
  /** Changes are no longer told: whatever was remembered may be out of date. */
  lost(): void
}
