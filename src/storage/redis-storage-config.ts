/** The settings of the driver: those of the label store, by the names of the storage block. */
export interface RedisStorageConfig {
  /** Where the server listens: `redis://`, `rediss://`, `unix://` or `host:port`. Default `redis://127.0.0.1:6379`. */
  readonly url?: string
  /** Connections that all stores of the backend share, 1 to 64. Default 10. */
  readonly poolSize?: number
  /** `true` for the system's roots, or the files to use. Default `false`, which only loopback hosts may. */
  readonly tls?:
    | boolean
    | { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string }
  /** Needs a password. Default: the default user. */
  readonly username?: string
  readonly password?: string
  /** File that holds the password; read anew for every connection. */
  readonly passwordFile?: string
  /** Milliseconds from the first packet to a usable connection, 1 to 60,000. Default 250. */
  readonly connectTimeoutMs?: number
  /** Milliseconds from sending commands to their last reply, 1 to 60,000. Default 500. */
  readonly commandTimeoutMs?: number
  /** Further attempts after a failure. An increment that may have been counted is never repeated. */
  readonly retry?: {
    readonly retries?: number
    readonly budget?: {
      readonly capacity?: number
      readonly cost?: number
      readonly timeoutCost?: number
      readonly refund?: number
    }
  }
  /** When to stop asking a server that keeps failing. */
  readonly breaker?: { readonly failures?: number; readonly openMs?: number; readonly maxOpenMs?: number }
  /** Operations that may be under way at once. Default 16,384. */
  readonly maxInFlight?: number
  /**
   * Whether the server tells of changed policies, on one connection more, so that they can be kept in memory
   * (`ReadThroughPolicyStore`). Default `false`.
   */
  readonly trackPolicies?: boolean
}
