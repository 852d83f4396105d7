import { builtInFactories } from './built-in-factories.js'
import { ConfigError } from './config-error.js'
import { alarmChannel, stateChannel } from './events.js'
import { kindOf } from './invalid-argument.js'
import { configuredKind, readMapping } from './store-config.js'
import { MemorySessionStore } from './memory-session-store.js'
import type { CredentialsProvider, SessionStoreFactory, SessionStoreOpenOptions } from './session-store-factory.js'
import type { SessionStore } from './session-store.js'

/** How to open a store. */
export interface OpenSessionStoreOptions {
  /**
   * Factories for further kinds. The kinds `memory` and `valkey` are built in and cannot be replaced: a
   * configuration that names them always means ours.
   */
  readonly factories?: Iterable<SessionStoreFactory>
  /** `enforce` refuses to fall back to memory when no store is configured. Default `warn`. */
  readonly checks?: 'warn' | 'enforce' | 'off'
  /** Where the credentials of a server come from when they are not in the configuration. */
  readonly credentials?: CredentialsProvider
  /** Where the configuration stands, for error messages. Default `store`. */
  readonly path?: string
}

/**
 * Opens the session store that a configuration describes, by the factory of its `kind`.
 *
 * It validates and reads files, and never dials: an unreachable server shows on the operations. Without a
 * configuration (`undefined`, and nothing else) the labels are kept in memory, which raises the alarm
 * `session_store_memory`, or fails under `checks: 'enforce'`. Nothing ever falls back to memory otherwise.
 *
 * @throws {ConfigError} and nothing else; names the path of the setting and, once known, the kind.
 */
export async function openSessionStore(
  config?: unknown,
  options: OpenSessionStoreOptions = {},
): Promise<SessionStore> {
  const { path, checks, credentials, factories } = readOptions(options)
  if (config === undefined) return openMemoryByDefault(path, checks)

  const block = readMapping(config, path)
  const kind = configuredKind(block, path, [...factories.keys()])
  const store = await build(factories.get(kind) as SessionStoreFactory, block, path, credentials)
  stateChannel.publish({ name: 'session_store_opened', kind, path })
  return store
}

function openMemoryByDefault(path: string, checks: OpenSessionStoreOptions['checks']): SessionStore {
  if (checks === 'enforce') {
    const problem = "no store is configured, and checks: enforce does not accept memory by default; set kind: 'memory'"
    throw new ConfigError('ERR_CONFIG_MEMORY_REFUSED', path, problem)
  }
  const store = new MemorySessionStore()
  const notice = 'labels end with this process and are not shared; configure a store, or name kind: memory'
  if (checks !== 'off') alarmChannel.publish({ name: 'session_store_memory', kind: store.kind, path, notice })
  stateChannel.publish({ name: 'session_store_opened', kind: store.kind, path, default: true })
  return store
}

async function build(
  factory: SessionStoreFactory,
  config: unknown,
  path: string,
  credentials: CredentialsProvider | undefined,
): Promise<SessionStore> {
  const options: SessionStoreOpenOptions = credentials === undefined ? {} : { credentials }
  const kind = JSON.stringify(factory.kind)
  let store: unknown
  try {
    store = await factory.open(config, path, options)
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    // The cause's own text may quote a secret of the configuration, so it stays a cause.
    const problem = `kind ${kind} could not be opened; see the cause`
    throw new ConfigError('ERR_CONFIG_BUILD_FAILED', path, problem, { cause })
  }
  if (isSessionStore(store)) return store
  const problem = `kind ${kind} could not be opened: its factory answered no SessionStore but ${kindOf(store)}`
  throw new ConfigError('ERR_CONFIG_BUILD_FAILED', path, problem)
}

function isSessionStore(value: unknown): value is SessionStore {
  if (typeof value !== 'object' || value === null) return false
  const { loadLabels, appendLabels, close } = value as Partial<SessionStore>
  return [loadLabels, appendLabels, close].every((method) => typeof method === 'function')
}
