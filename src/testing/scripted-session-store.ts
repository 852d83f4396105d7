import { MemorySessionStore } from '../memory-session-store.js'
import { failed } from '../results.js'
import type { AppendResult, LoadResult } from '../results.js'
import type { SessionRef } from '../session-ref.js'
import type { SessionStore, StoreCallOptions } from '../session-store.js'
import type { StoreErrorDetails, LabelOperation, StoreFailure } from '../store-error.js'

/** One call that a {@link ScriptedSessionStore} has got. */
export interface ScriptedCall {
  readonly operation: LabelOperation
  readonly sessions: readonly string[]
  /** Empty for a load. */
  readonly labels: readonly string[]
  readonly signal: AbortSignal | undefined
}

/** A failure to answer instead of the store's own result. */
export type ScriptedFailure = StoreFailure & Partial<Omit<StoreErrorDetails, 'operation'>>

/**
 * What happens to a call: nothing (`undefined`), or a failure. It may be a promise, which delays the call; one
 * that rejects makes the store break its contract.
 */
export type Script = (
  call: ScriptedCall,
) => ScriptedFailure | undefined | Promise<ScriptedFailure | undefined>

/**
 * A memory store that records its calls and fails or waits as told, for tests of what happens then. An append
 * that fails stores nothing.
 */
export class ScriptedSessionStore implements SessionStore {
  readonly kind = 'scripted'
  readonly #labels = new MemorySessionStore()
  readonly #script: Script
  readonly #calls: ScriptedCall[] = []

  constructor(script: Script = () => undefined) {
    this.#script = script
  }

  /** The calls so far, in the order in which they came. */
  get calls(): readonly ScriptedCall[] {
    return [...this.#calls]
  }

  async loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    const failure = await this.#play('load', session, [], options)
    if (failure !== undefined) return failed({ ...failure, operation: 'load' })
    return await this.#labels.loadLabels(session, options)
  }

  async appendLabels(
    session: SessionRef,
    labels: Iterable<string>,
    options?: StoreCallOptions,
  ): Promise<AppendResult> {
    const added = [...labels]
    const failure = await this.#play('append', session, added, options)
    if (failure !== undefined) return failed({ ...failure, operation: 'append' })
    return await this.#labels.appendLabels(session, added, options)
  }

  async close(): Promise<void> {
    await this.#labels.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #play(
    operation: LabelOperation,
    session: SessionRef,
    labels: readonly string[],
    options: StoreCallOptions | undefined,
  ): Promise<ScriptedFailure | undefined> {
    const sessions = typeof session === 'string' ? [session] : [...session]
    const call: ScriptedCall = Object.freeze({ operation, sessions, labels, signal: options?.signal })
    this.#calls.push(call)
    return await this.#script(call)
  }
}
