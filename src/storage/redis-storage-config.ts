// GENERATED from the Rust configuration struct by `npm run generate`. Do not edit.

/**
 * Storage driver in Redis 7.0 and newer, or Valkey.
 */
export interface RedisStorageConfig {
  breaker?: Breaker
  /**
   * Milliseconds from sending commands to their last reply. Default: 500.
   */
  commandTimeoutMs?: number
  /**
   * Milliseconds from the first packet to a usable connection. Default: 250.
   */
  connectTimeoutMs?: number
  /**
   * Microseconds for which the store's thread looks around for the next reply or frame before it sleeps, leaving
   * the core to whoever wants it; waking it would cost more. 0 turns it off. Default: 100.
   */
  lingerMicros?: number
  /**
   * Operations that may be under way at once. Default: 16384.
   */
  maxInFlight?: number
  /**
   * Password. Alternatively `passwordFile`, or userinfo in the URL; only one of the three.
   */
  password?: string
  /**
   * File that holds the password; read anew for every connection.
   */
  passwordFile?: string
  /**
   * Connections that all stores of the backend share. Default: 10.
   */
  poolSize?: number
  retry?: Retry
  /**
   * TLS: `true` for the system's roots, or the files to use. Default: `false`.
   */
  tls?: boolean | TlsFiles
  /**
   * Whether the server tells of changed policies, so that they can be kept in memory. Default: `false`.
   */
  trackPolicies?: boolean
  /**
   * Where the server listens, in the forms of the label store's `endpoint`. Default: `redis://127.0.0.1:6379`.
   */
  url?: string
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
 * Further attempts after a failure; an increment that may have been counted is never repeated.
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
