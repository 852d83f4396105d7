// GENERATED from the Rust configuration struct by `npm run generate`. Do not edit.

/**
 * The one word that durability can be.
 */
export type BestEffort = 'bestEffort'

/**
 * Label store in Valkey, or in Redis 7.0 and newer.
 */
export interface ValkeySessionStoreConfig {
  /**
   * Selects this driver.
   */
  kind: 'valkey'
  /**
   * Where the server listens: `redis://`, `rediss://`, `valkey://`, `valkeys://` or `unix://` URL, or `host:port`.
   * Without TLS only loopback hosts and Unix sockets are accepted.
   */
  endpoint: string
  breaker?: Breaker
  /**
   * What to do about a server whose settings do not carry the promise: `warn` raises an alarm, `enforce` refuses
   * it, `off` does not look. Default: `warn`.
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
   * Connections that the store's operations share. Default: 2.
   */
  connections?: number
  /**
   * Number of the database. Default: that of the URL, else 0.
   */
  database?: number
  /**
   * What a write must have survived before it is acknowledged: `bestEffort`, or what is demanded. Default:
   * `bestEffort`.
   */
  durability?: BestEffort | DurabilityDemands
  /**
   * Generation of the keyspace: `observe` creates one where there is none and fails closed when it is lost or
   * changed; `require` never creates one; `off` does without. Default: `observe`.
   */
  generation?: 'observe' | 'require' | 'off'
  /**
   * Prefix of every key. Default: `taint:v1`.
   */
  keyPrefix?: string
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
   * Seconds after which an unused session's labels expire; sliding. Default: never. Must not be shorter than the
   * longest life of a session.
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
