import type { SessionStore } from './session-store.js'

/** A user name and password; the default user when there is no name. */
export interface Credentials {
  readonly username?: string
  readonly password: string
}

/** Asked for each new connection, so that credentials can rotate. */
export type CredentialsProvider = () => Credentials | Promise<Credentials>

/** What a factory gets besides the configuration. */
export interface SessionStoreOpenOptions {
  /** Where the credentials come from when they are not in the configuration. */
  readonly credentials?: CredentialsProvider
}

/** Opens the stores of one kind. */
export interface SessionStoreFactory {
  /** The kind by which a configuration picks this factory. */
  readonly kind: string

  /**
   * Validates `config` strictly, unknown keys included, and opens the store without dialling a server: whether
   * one can be reached shows on the operations.
   *
   * @param config the whole block, `kind` included.
   * @param path where the block stands, such as `store`: the beginning of a {@link ConfigError}'s path.
   * @throws {ConfigError} anything else that it throws is wrapped in one.
   */
  open(config: unknown, path: string, options?: SessionStoreOpenOptions): Promise<SessionStore>
}
