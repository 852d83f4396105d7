import { ConfigError } from '../config-error.js'
import { readMapping } from '../store-config.js'
import type { ConfigBlock } from '../store-config.js'
import { BootContext } from './boot-context.js'
import { STORAGE_KINDS } from './storage-kind.js'
import type { StorageComponents, StorageKind } from './storage-kind.js'
import { readSelection } from './storage-selection.js'
import type { StorageSelection } from './storage-selection.js'

/**
 * Builds what serves one kind from the driver's own section. Dials nothing.
 *
 * @throws {ConfigError} anything else that it throws stops the boot as well.
 */
export type StorageFactory<Kind extends StorageKind> = (
  section: ConfigBlock,
  context: BootContext,
) => StorageComponents[Kind] | Promise<StorageComponents[Kind]>

/** What a configuration selects, built. Closing it closes what the drivers share. */
export interface Storage extends StorageComponents, AsyncDisposable {
  close(): Promise<void>
}

/**
 * Which drivers there are for each kind. A driver enters itself under its name, by a function such as
 * `registerMemory`; of two entries under one name the later one stands.
 */
export class StorageRegistry {
  readonly #factories = new Map<StorageKind, Map<string, StorageFactory<StorageKind>>>(
    STORAGE_KINDS.map(({ kind }) => [kind, new Map()]),
  )

  register<Kind extends StorageKind>(kind: Kind, driver: string, factory: StorageFactory<Kind>): this {
    this.#of(kind).set(driver, factory)
    return this
  }

  /** Names of the drivers that are registered for `kind`, sorted. */
  drivers(kind: StorageKind): string[] {
    return [...this.#of(kind).keys()].sort()
  }

  /**
   * Builds what a `storage` block selects, all of it or nothing.
   *
   * @param config `{ policyStore: <driver>, ..., <driver>: { ... } }` with all six kinds and a section for each driver.
   * @param path where the block stands. Default `storage`.
   * @throws {ConfigError} and nothing else.
   */
  async boot(config: unknown, path: string = 'storage'): Promise<Storage> {
    const selection = readSelection(readMapping(config, path), path)
    this.#validate(selection, path)
    const context = new BootContext(path)
    try {
      const components: Partial<Record<StorageKind, unknown>> = {}
      for (const { kind } of STORAGE_KINDS) components[kind] = await this.#build(kind, selection, context)
      const close = (): Promise<void> => context.close()
      return { ...(components as unknown as StorageComponents), close, [Symbol.asyncDispose]: close }
    } catch (error) {
      await context.close()
      throw error
    }
  }

  /** Every driver exists for its kind and has its section: judged before anything is built. */
  #validate({ drivers, sections }: StorageSelection, path: string): void {
    for (const { kind, name } of STORAGE_KINDS) {
      const driver = drivers[kind]
      if (!this.#of(kind).has(driver)) {
        const available = this.drivers(kind).join(', ')
        const problem = `unknown ${name} driver "${driver}"; available drivers: [${available}]`
        throw new ConfigError('ERR_CONFIG_UNKNOWN_KIND', `${path}.${kind}`, problem)
      }
      if (!sections.has(driver)) {
        const problem = `driver "${driver}" (selected for ${name}) has no [storage.${driver}] subsection`
        throw new ConfigError('ERR_CONFIG_INVALID', `${path}.${kind}`, problem)
      }
    }
  }

  async #build(kind: StorageKind, selection: StorageSelection, context: BootContext): Promise<unknown> {
    const driver = selection.drivers[kind]
    const factory = this.#of(kind).get(driver) as StorageFactory<StorageKind>
    try {
      return await factory(selection.sections.get(driver) as ConfigBlock, context)
    } catch (cause) {
      // The text of an error that is not ours may quote a secret from the configuration.
      const reason = cause instanceof ConfigError ? cause.message : 'see the cause'
      const name = STORAGE_KINDS.find((each) => each.kind === kind)?.name
      const problem = `failed to build ${name} driver "${driver}": ${reason}`
      throw new ConfigError('ERR_CONFIG_BUILD_FAILED', `${context.path}.${kind}`, problem, { cause })
    }
  }

  #of(kind: StorageKind): Map<string, StorageFactory<StorageKind>> {
    return this.#factories.get(kind) as Map<string, StorageFactory<StorageKind>>
  }
}
