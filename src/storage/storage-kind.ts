import type { PolicyStore } from './policy-store.js'
import type { RateLimitCounter } from './rate-limit-counter.js'
import type { SessionStore } from './session-store.js'

/**
 * What serves each kind. Audit sinks, credential stores and life-cycle stores have no contract here: they are the host
 * program's own, which takes their types back.
 */
export interface StorageComponents {
  readonly policyStore: PolicyStore
  readonly auditSink: unknown
  readonly sessionStore: SessionStore
  readonly credentialStore: unknown
  readonly rateLimitCounter: RateLimitCounter
  readonly lifecycleStore: unknown
}

/** What a storage driver can serve: a key of the `storage` block. */
export type StorageKind = keyof StorageComponents

/** Every kind with its name in errors, in the order in which a configuration is checked. */
export const STORAGE_KINDS: readonly { readonly kind: StorageKind; readonly name: string }[] = [
  { kind: 'policyStore', name: 'policy_store' },
  { kind: 'auditSink', name: 'audit_sink' },
  { kind: 'sessionStore', name: 'session_store' },
  { kind: 'credentialStore', name: 'credential_store' },
  { kind: 'rateLimitCounter', name: 'rate_limit_counter' },
  { kind: 'lifecycleStore', name: 'lifecycle_store' },
]
