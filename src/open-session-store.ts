import { ConfigError } from './config-error.js'
import { alarmChannel, stateChannel } from './events.js'
import { registerFactories } from './factory-registry.js'
import { kindOf } from './invalid-argument.js'
import { MemorySessionStore } from './memory-session-store.js'
import type { CredentialsProvider, SessionStoreFactory } from './session-store-factory.js'
import type { SessionStore } from './session-store.js'
import { configuredKind, quote, readMapping, refuseUnknownKeys } from './store-config.js'

/** How to open a store. */
export interface OpenSessionStoreOptions {
  /**
   * Factories for further kinds. `memory` and `valkey` are built in; a factory that claims one of them, or a kind
   * that another claims, is refused.
   */
  readonly factories?: Iterable<SessionStoreFactory>
  /** `enforce` refuses to use memory when no store is configured, `off` silences the alarm. Default `warn`. */
  readonly checks?: 'warn' | 'enforce' | 'off'
  /** Handed to the kind's factory, to be asked for each new connection. Both built-in kinds refuse it. */
  readonly credentials?: CredentialsProvider
  /** Where the configuration stands, for the paths in error messages. Default `store`. */
  readonly path?: string
}

/**
 * Opens the session store that a configuration describes, by the factory of its `kind`.
 *
 * It validates and reads files, and never dials: an unreachable server shows on the operations. Without a
 * configuration (`undefined`, and nothing else) labels are kept in memory, which raises the alarm
 * `session_store_memory` or, under `checks: 'enforce'`, fails. Nothing else ever leads to memory.
 *
 * @throws {ConfigError} and nothing else; it names the path of the setting and the kind, once known.
 */
export async function openSessionStore(
  config?: unknown,
  options: OpenSessionStoreOptions = {},
): Promise<SessionStore> {
  const { factories = [], checks = 'warn', credentials, path = 'store' } = readOptions(options)
  const registered = registerFactories(factories)
  if (config === undefined) return openMemoryByDefault(path, checks)

  const block = readMapping(config, path)
  const kind = configuredKind(block, path, [...registered.keys()])
  const store = await build(registered.get(kind) as SessionStoreFactory, block, path, credentials)
  stateChannel.publish({ name: 'session_store_opened', kind, path })
  return store
}

const OPTIONS = [
  'factories',
  'checks',
  'credentials',
  'path',
] as const satisfies (keyof OpenSessionStoreOptions)[]

function readOptions(given: OpenSessionStoreOptions): OpenSessionStoreOptions {
  const options: OpenSessionStoreOptions = readMapping(given, 'options')
  refuseUnknownKeys({ ...options }, 'options', 'openSessionStore', OPTIONS)
  const { checks = 'warn', credentials, path = '' } = options
  if (!['warn', 'enforce', 'off'].includes(checks)) {
    throw new ConfigError('ERR_CONFIG_INVALID', 'options.checks', "expected 'warn', 'enforce' or 'off'")
  }
  if (credentials !== undefined && typeof credentials !== 'function') {
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      'options.credentials',
      `expected a function, found ${kindOf(credentials)}`,
    )
  }
  if (typeof path !== 'string') {
    throw new ConfigError('ERR_CONFIG_INVALID', 'options.path', `expected a string, found ${kindOf(path)}`)
  }
  return options
}

function openMemoryByDefault(path: string, checks: OpenSessionStoreOptions['checks']): SessionStore {
  if (checks === 'enforce') {
    const problem =
      'no store is configured, which checks: enforce refuses; configure one, or name kind: memory'
    throw new ConfigError('ERR_CONFIG_MEMORY_REFUSED', path, problem)
  }
  const store = new MemorySessionStore()
  const notice =
    'labels end with this process and no other node sees them; configure a store, or name kind: memory'
  if (checks !== 'off') alarmChannel.publish({ name: 'session_store_memory', kind: store.kind, path, notice })
  stateChannel.publish({ name: 'session_store_opened', kind: store.kind, path })
  return store
}

async function build(
  factory: SessionStoreFactory,
  config: unknown,
  path: string,
  credentials: CredentialsProvider | undefined,
): Promise<SessionStore> {
  let store: unknown
  try {
    store = await factory.open(config, path, credentials === undefined ? {} : { credentials })
    if (isSessionStore(store)) return store
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    // Only as a cause: its text is not ours and may quote a secret from the configuration.
    throw new ConfigError('ERR_CONFIG_BUILD_FAILED', path, `kind ${quote(factory.kind)} failed to open`, {
      cause,
    })
  }
  const problem = `kind ${quote(factory.kind)} failed to open: its factory gave ${kindOf(store)}, not a session store`
  throw new ConfigError('ERR_CONFIG_BUILD_FAILED', path, problem)
}

function isSessionStore(value: unknown): value is SessionStore {
  const { loadLabels, appendLabels, close } = (value ?? {}) as Partial<SessionStore>
  return [loadLabels, appendLabels, close].every((method) => typeof method === 'function')
}
