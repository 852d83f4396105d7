import { MemorySessionStore, StoreError } from 'indelible'
import type { AppendResult, LoadResult, SessionRef, SessionStore, SessionStoreFactory } from 'indelible'

/** A memory store whose operations can be watched, held up and made to fail. */
export class ScriptedStore implements SessionStore {
  readonly kind = 'scripted'
  /** What was asked of it and what came of it, in order. */
  readonly log: string[] = []
  failLoads = false
  failAppends = false
  /** Appends wait for this. */
  gate: Promise<void> | undefined
  /** Loads wait for this. */
  loadGate: Promise<void> | undefined
  readonly #memory = new MemorySessionStore()

  /** What a gateway opens this store with: `store: { kind: scripted }`. */
  get factory(): SessionStoreFactory {
    return { kind: this.kind, open: async () => this }
  }

  async loadLabels(session: SessionRef): Promise<LoadResult> {
    this.log.push('load')
    await this.loadGate
    return this.failLoads ? failure('load') : await this.#memory.loadLabels(session)
  }

  async appendLabels(session: SessionRef, labels: Iterable<string>): Promise<AppendResult> {
    const given = [...labels]
    this.log.push(`append ${given.join()}`)
    await this.gate
    const result = this.failAppends ? failure('append') : await this.#memory.appendLabels(session, given)
    this.log.push(`appended ${given.join()} ${result.ok}`)
    return result
  }

  close(): Promise<void> {
    this.log.push('close')
    return this.#memory.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function failure(operation: 'load' | 'append'): { readonly ok: false; readonly error: StoreError } {
  return { ok: false, error: new StoreError({ code: 'ERR_STORE_UNAVAILABLE', reason: 'refused', operation }) }
}
