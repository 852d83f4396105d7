// GENERATED from the Rust configuration struct by `npm run generate`. Do not edit.

/**
 * The one word that durability can be.
 */
export type BestEffort = 'bestEffort'
/**
 * The words that the topology can be.
 */
export type TopologyWord = 'standalone' | 'cluster'

/**
 * Label store in Valkey, or in Redis 7.0 and newer.
 */
export interface ValkeySessionStoreConfig {
  /**
   * Selects this driver.
   */
  kind: 'valkey'
  breaker?: Breaker
  /**
   * What to do about a server whose settings do not carry the promise: `warn` raises an alarm, `enforce` refuses
   * it, `off` does not look. Default: `warn`, with Sentinel and in a cluster `enforce`.
   */
  checks?: 'warn' | 'enforce' | 'off'
  /**
   * Milliseconds from sending commands to their last reply. Default: 500.
   */
  commandTimeoutMs?: number
  /**
   * Milliseconds from the first packet to a usable connection, TLS and authentication included. Default: 250.
   */
  connectTimeoutMs?: number
  /**
   * Connections that the store's operations share; with `durability.replicas`, appends have as many of their own.
   * Default: 2.
   */
  connections?: number
  /**
   * Number of the database; a cluster has none but 0. Default: that of the URL, else 0.
   */
  database?: number
  /**
   * What a write must have survived before it is acknowledged: `bestEffort`, or what is demanded. With Sentinel and
   * in a cluster one of the two must be written out. Default: `bestEffort`.
   */
  durability?: BestEffort | DurabilityDemands
  /**
   * Where the one server of `topology: standalone` listens: `redis://`, `rediss://`, `valkey://`, `valkeys://` or
   * `unix://` URL, or `host:port`. Without TLS only loopback hosts and Unix sockets are accepted.
   */
  endpoint?: string
  /**
   * Where nodes of a cluster listen, 1 to 32 of them, in the forms of `endpoint` without database, credentials and
   * Unix sockets: any one that answers names all others. Only with `topology: cluster`.
   */
  endpoints?: string[]
  /**
   * Generation of the keyspace: `observe` creates one where there is none and fails closed when it is lost or
   * changed; `require` never creates one; `off` does without. Default: `observe`; a cluster has none.
   */
  generation?: 'observe' | 'require' | 'off'
  /**
   * Prefix of every key. Default: `taint:v1`.
   */
  keyPrefix?: string
  /**
   * Microseconds for which the store's thread looks around for the next reply or frame before it sleeps, leaving
   * the core to whoever wants it; waking it would cost more. 0 turns it off. Default: 100.
   */
  lingerMicros?: number
  /**
   * Operations that may be under way at once; more are answered `ERR_STORE_OVERLOADED` without being sent.
   * Default: 16384.
   */
  maxInFlight?: number
  /**
   * The longest life of a session, in seconds: lets a store warn of a `ttlSeconds` that is shorter.
   */
  maxSessionLifetimeSeconds?: number
  /**
   * Password. Alternatively `passwordFile`, or userinfo in the URL; only one of the three.
   */
  password?: string
  /**
   * File that holds the password; read anew for every connection.
   */
  passwordFile?: string
  ratchet?: Ratchet
  retry?: Retry
  /**
   * TLS: `true` for the system's roots, or the files to use. Implied by `rediss://` and `valkeys://`.
   */
  tls?: boolean | TlsFiles
  /**
   * How the servers are arranged: `standalone`, `cluster`, or a mapping of `sentinel`. Default: `standalone`.
   */
  topology?: TopologyWord | TopologyMapping
  /**
   * Seconds that an unused session's labels live at least after the last load or append, and at most a sixtieth or a
   * minute longer. Default: for ever. Must not be shorter than the longest life of a session.
   */
  ttlSeconds?: number
  /**
   * User to authenticate as; needs a password. Default: the default user.
   */
  username?: string
}
/**
 * When to stop asking a server that keeps failing.
 */
export interface Breaker {
  /**
   * Consecutive failures that open the breaker. Default: 5.
   */
  failures?: number
  /**
   * The longest it stays open, in milliseconds. Default: 30000.
   */
  maxOpenMs?: number
  /**
   * Milliseconds for which it stays open the first time; doubled each time the probe fails. Default: 1000.
   */
  openMs?: number
}
/**
 * What a write must have survived.
 */
export interface DurabilityDemands {
  /**
   * `always` checks that the server syncs every write to its disk; `none` does not ask. Default: `none`.
   */
  disk?: 'none' | 'always'
  /**
   * Replicas that must have an append before it is acknowledged. At least 1 with Sentinel and in a cluster, unless
   * `bestEffort` is written. Default: 0.
   */
  replicas?: number
  /**
   * Milliseconds to wait for those replicas. `commandTimeoutMs` must be at least 100 more. Default: 300.
   */
  timeoutMs?: number
}
/**
 * What this node remembers of sessions, to find out a server that has lost labels.
 */
export interface Ratchet {
  /**
   * Sessions remembered at the most, about 70 bytes each. Default: 100000.
   */
  maxSessions?: number
}
/**
 * Further attempts after a failure that another connection may not meet.
 */
export interface Retry {
  budget?: RetryBudget
  /**
   * Attempts after the first. Default: 1.
   */
  retries?: number
}
/**
 * What retries draw from, so that an outage is not multiplied.
 */
export interface RetryBudget {
  /**
   * Tokens of a full bucket. Default: 100.
   */
  capacity?: number
  /**
   * Tokens of a retry. Default: 5.
   */
  cost?: number
  /**
   * Tokens that a successful pipeline puts back. Default: 1.
   */
  refund?: number
  /**
   * Tokens of a retry after a time-out. Default: 10.
   */
  timeoutCost?: number
}
/**
 * Files and names of TLS.
 */
export interface TlsFiles {
  /**
   * PEM file of the authorities to trust, or the PEM text itself. Default: the system's.
   */
  ca?: string
  /**
   * PEM file (or text) of our own certificate, for servers that ask for one; needs `key`.
   */
  cert?: string
  /**
   * PEM file (or text) of the private key that belongs to `cert`.
   */
  key?: string
  /**
   * Name that the server's certificate must carry. Default: the host of the endpoint.
   */
  serverName?: string
}
/**
 * The mapping that `topology` can be.
 */
export interface TopologyMapping {
  sentinel: Sentinel
}
/**
 * The sentinels that name the primary.
 */
export interface Sentinel {
  /**
   * Name under which the sentinels know the primary (`sentinel monitor NAME …`).
   */
  service: string
  /**
   * Where the sentinels listen, 1 to 32 of them: every one, since more than half of them must agree. In the forms of
   * the store's `endpoint`, without database, credentials and Unix sockets; port 26379 unless another is written.
   */
  endpoints: string[]
  /**
   * Password for the sentinels, which is not that of the servers. Alternatively `passwordFile`.
   */
  password?: string
  /**
   * File that holds that password; read anew for every connection to a sentinel.
   */
  passwordFile?: string
  /**
   * TLS to the sentinels, which is not that to the servers: `true` for the system's roots, or the files to use.
   * Implied by `rediss://` and `valkeys://`.
   */
  tls?: boolean | TlsFiles
  /**
   * User to authenticate to the sentinels as; needs a password. Default: the default user.
   */
  username?: string
}
