// GENERATED from the Rust configuration struct by `npm run generate`. Do not edit.

/**
 * Label store in Valkey, or in Redis 7.0 and newer.
 */
export interface ValkeySessionStoreConfig {
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
   * Where the server listens: `redis://`, `rediss://`, `valkey://`, `valkeys://` or `unix://` URL, or `host:port`.
   * Without TLS only loopback hosts and Unix sockets are accepted.
   */
  endpoint: string
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
   * Selects this driver.
   */
  kind: 'valkey'
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
  retry?: RawRetry
  /**
   * TLS: `true` for the system's roots, or the files to use. Implied by `rediss://` and `valkeys://`.
   */
  tls?: boolean | RawTlsFiles
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
 * Further attempts after a failure that another connection may not meet.
 */
export interface RawRetry {
  /**
   * Attempts after the first. Default: 1.
   */
  retries?: number
}
/**
 * Files and names of TLS.
 */
export interface RawTlsFiles {
  /**
   * PEM file of the authorities to trust. Default: the system's.
   */
  ca?: string
  /**
   * PEM file of our own certificate, for servers that ask for one; needs `key`.
   */
  cert?: string
  /**
   * PEM file of the private key that belongs to `cert`.
   */
  key?: string
  /**
   * Name that the server's certificate must carry. Default: the host of the endpoint.
   */
  serverName?: string
}
