import { ConfigError } from './config-error.js'
import { kindOf } from './invalid-argument.js'
import { MemorySessionStore } from './memory-session-store.js'
import type { SessionStoreFactory, SessionStoreOpenOptions } from './session-store-factory.js'
import { quote, readMapping, refuseUnknownKeys } from './store-config.js'

const memory: SessionStoreFactory = {
  kind: 'memory',
  async open(config, path, options) {
    refuseUnknownKeys(readMapping(config, path), path, 'kind "memory"', ['kind'])
    refuseCredentials(path, options)
    return new MemorySessionStore()
  },
}

/** Loads the engine, and with it the native addon, only when a configuration asks for it. */
const valkey: SessionStoreFactory = {
  kind: 'valkey',
  async open(config, path, options) {
    const { valkeySessionStoreFactory } = await import('./valkey-session-store.js')
    return valkeySessionStoreFactory.open(config, path, options)
  },
}

/**
 * All factories by kind: the built-in ones and those given. A kind that is taken is refused rather than replaced,
 * since a configuration that names it must not mean something else in another program.
 *
 * @throws {ConfigError}
 */
export function registerFactories(
  given: Iterable<SessionStoreFactory>,
): ReadonlyMap<string, SessionStoreFactory> {
  const factories = new Map([memory, valkey].map((factory) => [factory.kind, factory]))
  for (const [index, factory] of readFactories(given).entries()) {
    const path = `options.factories[${index}]`
    const kind = readKind(factory, path)
    if (factories.has(kind)) {
      const problem = `a factory for the kind ${quote(kind)} exists already; choose another kind`
      throw new ConfigError('ERR_CONFIG_DUPLICATE_KIND', path, problem)
    }
    factories.set(kind, factory)
  }
  return factories
}

/** A provider that nobody asks must not look as if it had been asked. */
function refuseCredentials(path: string, options: SessionStoreOpenOptions | undefined): void {
  if (options?.credentials === undefined) return
  const problem = 'kind "memory" asks no provider for credentials; leave the option "credentials" out'
  throw new ConfigError('ERR_CONFIG_INVALID', path, problem)
}

function readFactories(given: unknown): readonly SessionStoreFactory[] {
  try {
    return [...(given as Iterable<SessionStoreFactory>)]
  } catch (cause) {
    const problem = `expected an iterable of session store factories, found ${kindOf(given)}`
    throw new ConfigError('ERR_CONFIG_INVALID', 'options.factories', problem, { cause })
  }
}

function readKind(factory: unknown, path: string): string {
  const { kind, open } = (factory ?? {}) as Partial<SessionStoreFactory>
  if (typeof kind === 'string' && kind !== '' && typeof open === 'function') return kind
  const problem = `expected a factory with a non-empty string "kind" and a function "open", found ${kindOf(factory)}`
  throw new ConfigError('ERR_CONFIG_INVALID', path, problem)
}
