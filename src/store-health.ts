/** How a server is doing, as far as the store knows without asking it. */
export interface NodeHealth {
  /** `idle`: never connected. `disconnected`: no connection is open now. */
  readonly state: 'idle' | 'connected' | 'disconnected' | 'closed'
  /** `open`: operations are refused. `half-open`: one is trying. */
  readonly breaker?: 'closed' | 'open' | 'half-open'
  /** What the server said of itself when it was last examined. */
  readonly role?: 'primary' | 'replica' | 'unknown'
  readonly server?: 'redis' | 'valkey' | 'unknown'
  readonly version?: string
  /** What does not carry the promise, with what to change; empty when all is well. */
  readonly checks?: readonly Finding[]
  /** With Sentinel: where the primary is, as `host:port`; how many sentinels there are, and how many answered last. */
  readonly sentinel?: {
    readonly primary?: string
    readonly sentinels: number
    readonly answering: number
  }
}

/** What does not carry the promise, and what to change. */
export interface Finding {
  readonly reason: string
  readonly detail: string
  /** In a cluster: the node, as `host:port`. */
  readonly endpoint?: string
}

/** One primary of a cluster. */
export interface ClusterNodeHealth extends NodeHealth {
  /** `host:port`. */
  readonly endpoint: string
  /** Hash slots that it serves, as far as is known. */
  readonly slots: number
}

/** How a store is doing, as far as it knows without asking the server; in a cluster, all primaries together. */
export interface StoreHealth extends NodeHealth {
  /** In a cluster: every primary by itself; empty until the first operation. */
  readonly nodes?: readonly ClusterNodeHealth[]
  /** Whether the generation of the keyspace is known; `off` when it is not used, as in a cluster. */
  readonly generation?: 'off' | 'unpinned' | 'pinned'
}
