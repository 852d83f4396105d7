import { type SessionStore, type StoreError, openSessionStore } from 'indelible'

import type { AppendEnd, LoadEnd, Subject } from './subject.js'

/** Our store, through its published interface. */
export class LibrarySubject implements Subject {
  readonly #store: SessionStore

  static async open(config: unknown): Promise<LibrarySubject> {
    return new LibrarySubject(await openSessionStore(config))
  }

  private constructor(store: SessionStore) {
    this.#store = store
  }

  async append(session: string, label: string, signal: AbortSignal): Promise<AppendEnd> {
    const result = await this.#store.appendLabels(session, [label], { signal })
    if (result.ok) return { result: 'ok' }
    // An aborted call has let go of its append, which may still arrive.
    const open = result.error.indeterminate || result.error.code === 'ERR_STORE_ABORTED'
    return { result: open ? 'unknown' : 'fail', code: codeOf(result.error) }
  }

  async load(session: string, signal: AbortSignal): Promise<LoadEnd> {
    const result = await this.#store.loadLabels(session, { signal })
    if (result.ok) return { result: 'ok', labels: [...result.labels] }
    return { result: 'fail', code: codeOf(result.error) }
  }

  async close(): Promise<void> {
    await this.#store.close()
  }
}

function codeOf({ code, reason, serverCode }: StoreError): string {
  return [code, reason, serverCode].filter((part) => part !== undefined).join(' ')
}
