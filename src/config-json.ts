import { ConfigError } from './config-error.js'
import { kindOf } from './invalid-argument.js'

/**
 * A configuration block as JSON text, for the native side.
 *
 * `JSON.stringify` alone would drop functions and turn NaN into null without a word, and a setting that is dropped is
 * a setting at its default.
 *
 * @throws {ConfigError} for a value that JSON has no form for.
 */
export function configToJson(block: unknown, path: string): string {
  return JSON.stringify(check(block, path, []))
}

function check(value: unknown, path: string, parents: readonly unknown[]): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value
    case 'number':
      if (Number.isFinite(value)) return value
      throw new ConfigError(
        'ERR_CONFIG_INVALID',
        path,
        `${value} is no number that a setting can have; give a finite one`,
      )
    case 'object':
      if (value === null) {
        throw new ConfigError(
          'ERR_CONFIG_INVALID',
          path,
          'null is no value; fill it in, or leave the key out',
        )
      }
      if (parents.includes(value))
        throw new ConfigError('ERR_CONFIG_INVALID', path, 'the block contains itself')
      return children(value, path, [...parents, value])
    default:
      throw new ConfigError(
        'ERR_CONFIG_INVALID',
        path,
        `expected plain data, found ${kindOf(value)}; give a plain value`,
      )
  }
}

function children(value: object, path: string, parents: readonly unknown[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => check(item, `${path}[${index}]`, parents))
  const entries = Object.entries(value).map(
    ([key, item]) => [key, check(item, `${path}.${key}`, parents)] as const,
  )
  return Object.fromEntries(entries)
}
