import { ConfigError } from '../config-error.js'
import { kindOf } from '../invalid-argument.js'
import { readMapping } from '../store-config.js'
import type { ConfigBlock } from '../store-config.js'
import { STORAGE_KINDS } from './storage-kind.js'
import type { StorageKind } from './storage-kind.js'

/** A `storage` block, read: which driver serves each kind, and each driver's own section. */
export interface StorageSelection {
  readonly drivers: Readonly<Record<StorageKind, string>>
  readonly sections: ReadonlyMap<string, ConfigBlock>
}

/**
 * Reads a `storage` block. All six kinds must name a driver; every other key is a driver's section. One that no kind
 * selects may stay: switching back is then one changed line.
 *
 * @throws {ConfigError}
 */
export function readSelection(block: ConfigBlock, path: string): StorageSelection {
  const drivers = Object.fromEntries(
    STORAGE_KINDS.map(({ kind }) => [kind, readDriver(block, kind, `${path}.${kind}`)]),
  ) as Record<StorageKind, string>
  const sections = new Map<string, ConfigBlock>()
  for (const [key, section] of Object.entries(block)) {
    if (!Object.hasOwn(drivers, key)) sections.set(key, readMapping(section, `${path}.${key}`))
  }
  return { drivers, sections }
}

function readDriver(block: ConfigBlock, kind: StorageKind, path: string): string {
  // Own keys only: a polluted prototype must not choose a driver.
  const driver = Object.hasOwn(block, kind) ? block[kind] : undefined
  if (driver === undefined) {
    const problem = 'is missing; name the driver that is to serve it, such as "memory"'
    throw new ConfigError('ERR_CONFIG_MISSING_KIND', path, problem)
  }
  if (typeof driver === 'string' && driver !== '') return driver
  const found = driver === '' ? 'empty text' : kindOf(driver)
  throw new ConfigError('ERR_CONFIG_INVALID', path, `expected the name of a driver, found ${found}`)
}
