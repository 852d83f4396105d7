/** What each code of a {@link ConfigError} means. The codes are part of the public interface. */
export const CONFIG_ERROR_CODES = {
  ERR_CONFIG_INVALID: 'a value has the wrong type, is out of range or breaks a rule',
  ERR_CONFIG_UNKNOWN_KEY: 'a key that no setting has, most often a misspelt one',
  ERR_CONFIG_MISSING_KIND: 'the store block does not say which kind of store it configures',
  ERR_CONFIG_UNKNOWN_KIND: 'no factory is registered for the kind',
  ERR_CONFIG_DUPLICATE_KIND: 'two factories claim the same kind, or one claims a built-in kind',
  ERR_CONFIG_MEMORY_REFUSED: 'the checks are enforced and no store was chosen: memory must then be named',
  ERR_CONFIG_BUILD_FAILED: 'the factory of the kind failed; `cause` holds what it threw',
  ERR_CONFIG_NATIVE_UNAVAILABLE:
    'the native addon is absent, switched off, of another version or not loadable',
  ERR_CONFIG_UNAVAILABLE: 'the machine refuses what a store needs to run, such as a thread',
  ERR_CONFIG_UNREADABLE_FILE: 'a file that the configuration names cannot be read',
  ERR_CONFIG_UNSET_VARIABLE: 'an environment variable that the configuration names is not set',
} as const

export type ConfigErrorCode = keyof typeof CONFIG_ERROR_CODES

/**
 * Why a store cannot be opened as configured: thrown at the start, never on the data path.
 *
 * The message begins with the path of the setting and names the remedy. Values that could be secrets are
 * described by their kind and never shown.
 */
export class ConfigError extends Error {
  readonly code: ConfigErrorCode
  /** The path of the setting, such as `store.tls.ca`. */
  readonly path: string

  constructor(code: ConfigErrorCode, path: string, problem: string, options?: { readonly cause?: unknown }) {
    super(`${path}: ${problem}`, options?.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.path = path
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'ConfigError' })
  }
}
