import { readSignal } from './call-signal.js'
import { ConfigError } from './config-error.js'
import type { ConfigErrorCode } from './config-error.js'
import { configToJson } from './config-json.js'
import { CredentialsDesk } from './credentials-desk.js'
import { FrameEngine } from './frames/frame-engine.js'
import { InvalidArgument } from './invalid-argument.js'
import { readLabels } from './label.js'
import { loadNativeAddon } from './native-addon.js'
import { APPENDED, failed } from './results.js'
import type { AppendResult, LoadResult } from './results.js'
import type { SessionStoreFactory, SessionStoreOpenOptions } from './session-store-factory.js'
import { readSessionIds } from './session-ref.js'
import type { SessionRef } from './session-ref.js'
import type { SessionStore, StoreCallOptions } from './session-store.js'
import { readMapping } from './store-config.js'
import type { StoreOperation } from './store-error.js'
import type { StoreHealth } from './store-health.js'

type Failed = ReturnType<typeof failed>

/**
 * Session labels in Valkey, or in Redis 7.0 and newer, shared by every node that uses the same keyspace.
 *
 * An append that answered ok is in every later load that answers ok, on any node, or that load fails with a type
 * that says why (`docs/soundness.md`).
 */
export class ValkeySessionStore implements SessionStore {
  readonly kind = 'valkey'
  readonly #engine: FrameEngine
  #closing: Promise<void> | undefined

  private constructor(engine: FrameEngine) {
    this.#engine = engine
  }

  /**
   * Validates the configuration, reads the files that it names and loads the native addon. Dials nothing: whether a
   * server can be reached shows on the operations.
   *
   * @param config the block, `kind: 'valkey'` included; its keys stand in `docs/configuration.md`.
   * @param path where the block stands, for error messages.
   * @param options where credentials come from, if not from the configuration.
   * @throws {ConfigError}
   */
  static async open(
    config: unknown,
    path: string = 'store',
    options: SessionStoreOpenOptions = {},
  ): Promise<ValkeySessionStore> {
    const json = configToJson(readMapping(config, path), path)
    const addon = await loadNativeAddon(path)
    const desk = options.credentials === undefined ? undefined : new CredentialsDesk(options.credentials)
    const engine = new FrameEngine('valkey', (wake) => {
      const opened = addon.openStore(json, wake, desk && ((request) => void desk.answer(request)))
      if (!('message' in opened)) {
        desk?.connect(opened)
        return opened
      }
      const where = opened.path === '' ? path : `${path}.${opened.path}`
      throw new ConfigError(opened.code as ConfigErrorCode, where, `${opened.message} (kind "valkey")`)
    })
    return new ValkeySessionStore(engine)
  }

  loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    const signal = this.#admit('load', options)
    if (isFailed(signal)) return Promise.resolve(signal)
    const ids = readSessionIds(session)
    if (ids instanceof InvalidArgument) return Promise.resolve(invalid('load', ids))
    return this.#engine.load(ids, signal)
  }

  appendLabels(
    session: SessionRef,
    labels: Iterable<string>,
    options?: StoreCallOptions,
  ): Promise<AppendResult> {
    const signal = this.#admit('append', options)
    if (isFailed(signal)) return Promise.resolve(signal)
    const ids = readSessionIds(session)
    if (ids instanceof InvalidArgument) return Promise.resolve(invalid('append', ids))
    const added = readLabels(labels)
    if (added instanceof InvalidArgument) return Promise.resolve(invalid('append', added))
    if (added.length === 0) return Promise.resolve(APPENDED)
    return this.#engine.append(ids, added, signal)
  }

  /** How the store is doing, without asking the server. */
  health(): StoreHealth {
    return this.#engine.health()
  }

  /** New calls answer `ERR_STORE_CLOSED` at once; those under way end by their own deadline. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#engine.close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** The first two checks of a call: closed, aborted. */
  #admit(operation: StoreOperation, options: StoreCallOptions | undefined): AbortSignal | Failed | undefined {
    if (this.#closing !== undefined) return failed({ code: 'ERR_STORE_CLOSED', operation })
    if (options === undefined) return undefined
    const signal = readSignal(options)
    if (signal instanceof InvalidArgument) return invalid(operation, signal)
    if (signal?.aborted === true)
      return failed({ code: 'ERR_STORE_ABORTED', operation, cause: signal.reason })
    return signal
  }
}

/** Opens the stores of kind `valkey`. */
export const valkeySessionStoreFactory: SessionStoreFactory = {
  kind: 'valkey',
  open: (config, path, options) => ValkeySessionStore.open(config, path, options),
}

function isFailed(value: AbortSignal | Failed | undefined): value is Failed {
  return value !== undefined && 'ok' in value
}

function invalid(operation: StoreOperation, { detail, cause }: InvalidArgument): Failed {
  return failed({ code: 'ERR_STORE_INVALID_ARGUMENT', operation, detail, cause })
}
