/** How a store is doing, as far as it knows without asking the server. */
export interface StoreHealth {
  /** `idle`: never connected. `disconnected`: no connection is open now. */
  readonly state: 'idle' | 'connected' | 'disconnected' | 'closed'
  /** `open`: operations are refused. `half-open`: one is trying. */
  readonly breaker?: 'closed' | 'open' | 'half-open'
  /** What the server said of itself when it was last examined. */
  readonly role?: 'primary' | 'replica' | 'unknown'
  readonly server?: 'redis' | 'valkey' | 'unknown'
  readonly version?: string
  /** What does not carry the promise, with what to change; empty when all is well. */
  readonly checks?: readonly { readonly reason: string; readonly detail: string }[]
  /** With Sentinel: where the primary is, as `host:port`; how many sentinels there are, and how many answered last. */
  readonly sentinel?: {
    readonly primary?: string
    readonly sentinels: number
    readonly answering: number
  }
  /** Whether the generation of the keyspace is known; `off` when it is not used. */
  readonly generation?: 'off' | 'unpinned' | 'pinned'
}
