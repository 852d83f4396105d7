import { readSignal } from './call-signal.js'
import { operationChannel } from './events.js'
import { InvalidArgument } from './invalid-argument.js'
import { ReadonlyLabelSet } from './label-set.js'
import { readLabels } from './label.js'
import { operationEvent } from './operation-event.js'
import { APPENDED, failed, loaded } from './results.js'
import type { AppendResult, LoadResult } from './results.js'
import { readSessionIds } from './session-ref.js'
import type { SessionRef } from './session-ref.js'
import type { StoreOperation } from './store-error.js'
import type { SessionStore, StoreCallOptions } from './session-store.js'

/**
 * Labels in the memory of this process: for one node, for tests, and as the reference of the contract.
 *
 * They end with the process and no other node sees them, so in a fleet this store loses labels
 * (`docs/soundness.md`, line 18). Sessions are kept until {@link close}; there is no expiry.
 */
export class MemorySessionStore implements SessionStore {
  readonly kind = 'memory'
  readonly #sessions = new Map<string, ReadonlyLabelSet>()
  #closed = false

  /** Answers in the same turn; a call cannot be overtaken, so an abort matters only if it came first. */
  async loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    const refusal = this.#refusal('load', options)
    if (refusal !== undefined) return refusal
    const ids = readSessionIds(session)
    if (ids instanceof InvalidArgument) return invalid('load', ids)
    const labels = this.#union(ids)
    this.#report('load')
    return loaded(labels)
  }

  async appendLabels(
    session: SessionRef,
    labels: Iterable<string>,
    options?: StoreCallOptions,
  ): Promise<AppendResult> {
    const refusal = this.#refusal('append', options)
    if (refusal !== undefined) return refusal
    const ids = readSessionIds(session)
    if (ids instanceof InvalidArgument) return invalid('append', ids)
    const added = readLabels(labels)
    if (added instanceof InvalidArgument) return invalid('append', added)
    if (added.length === 0) return APPENDED
    for (const id of ids) {
      this.#sessions.set(id, ReadonlyLabelSet.from([...(this.#sessions.get(id) ?? []), ...added]))
    }
    this.#report('append')
    return APPENDED
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#sessions.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** The first two checks of a call: closed, aborted. An unreadable signal counts as the first argument. */
  #refusal(operation: StoreOperation, options: unknown): ReturnType<typeof failed> | undefined {
    if (this.#closed) return failed({ code: 'ERR_STORE_CLOSED', operation })
    const signal = readSignal(options)
    if (signal instanceof InvalidArgument) return invalid(operation, signal)
    if (signal?.aborted === true)
      return failed({ code: 'ERR_STORE_ABORTED', operation, cause: signal.reason })
    return undefined
  }

  #report(op: StoreOperation): void {
    if (operationChannel.hasSubscribers) operationChannel.publish(operationEvent(this.kind, op, 0))
  }

  #union(ids: readonly string[]): ReadonlyLabelSet {
    const [first, ...others] = ids.map((id) => this.#sessions.get(id) ?? ReadonlyLabelSet.from([]))
    if (first !== undefined && others.length === 0) return first
    return ReadonlyLabelSet.from([first, ...others].flatMap((labels) => [...(labels ?? [])]))
  }
}

function invalid(operation: StoreOperation, { detail, cause }: InvalidArgument): ReturnType<typeof failed> {
  return failed({ code: 'ERR_STORE_INVALID_ARGUMENT', operation, detail, cause })
}
