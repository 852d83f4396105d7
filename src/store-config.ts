import { ConfigError } from './config-error.js'
import { isArray, kindOf } from './invalid-argument.js'

/** A configuration block: setting names to values that nobody has looked at yet. */
export type ConfigBlock = Readonly<Record<string, unknown>>

/**
 * A copy of a block that must be a mapping: a plain object, not `null`, not an array, not a class instance. Each
 * value is read once, so the kind that was checked is the kind that the factory sees.
 *
 * @throws {ConfigError}
 */
export function readMapping(config: unknown, path: string): ConfigBlock {
  try {
    if (isPlainObject(config)) return Object.freeze({ ...config })
  } catch (cause) {
    throw new ConfigError('ERR_CONFIG_INVALID', path, 'reading the block threw; pass a plain object', {
      cause,
    })
  }
  const found = kindOf(config) === 'an object' ? 'a class instance' : kindOf(config)
  const problem = `expected a mapping of settings, found ${found}; fill it in, or leave it out altogether`
  throw new ConfigError('ERR_CONFIG_INVALID', path, problem)
}

/**
 * The kind that a block names, which must be one of `available`.
 *
 * @throws {ConfigError}
 */
export function configuredKind(block: ConfigBlock, path: string, available: readonly string[]): string {
  const choices = `available kinds: ${[...available].sort().join(', ')}`
  // Own keys only: a polluted prototype must not choose the store.
  const kind = Object.hasOwn(block, 'kind') ? block['kind'] : undefined
  if (kind === undefined) {
    throw new ConfigError('ERR_CONFIG_MISSING_KIND', path, `the key "kind" is missing; ${choices}`)
  }
  if (typeof kind !== 'string') {
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      `${path}.kind`,
      `expected a string, found ${kindOf(kind)}; ${choices}`,
    )
  }
  if (!available.includes(kind)) {
    throw new ConfigError(
      'ERR_CONFIG_UNKNOWN_KIND',
      `${path}.kind`,
      `unknown kind ${quote(kind)}; ${choices}`,
    )
  }
  return kind
}

/**
 * Refuses every key that is not a setting: a misspelt setting must not be a setting left at its default.
 *
 * @param owner whose settings they are, such as `kind "memory"`.
 * @throws {ConfigError}
 */
export function refuseUnknownKeys(
  block: ConfigBlock,
  path: string,
  owner: string,
  known: readonly string[],
): void {
  const unknown = Object.keys(block).find((key) => !known.includes(key))
  if (unknown === undefined) return
  const problem = `unknown key for ${owner}; known keys: ${known.join(', ')}`
  throw new ConfigError('ERR_CONFIG_UNKNOWN_KEY', `${path}.${clip(unknown)}`, problem)
}

/** A name in quotes, escaped and cut to what fits a log line. */
export function quote(name: string): string {
  return JSON.stringify(clip(name))
}

function clip(name: string): string {
  return name.length > 64 ? `${name.slice(0, 64)}…` : name
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // The second test accepts the plain objects of another realm, whose Object.prototype is not ours.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
