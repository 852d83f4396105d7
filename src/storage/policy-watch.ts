import type { PolicyCacheListener } from './policy-store.js'

/** Those who want to know what others change in a shared cache, and whether it can be told just now. */
export class PolicyWatch {
  readonly #listeners = new Set<PolicyCacheListener>()
  #watching: boolean

  constructor(watching: boolean) {
    this.#watching = watching
  }

  /** Adds a listener; the function returned removes it. */
  add(listener: PolicyCacheListener): () => void {
    // An object of its own, so that the same listener may be added twice and removed once.
    const entry: PolicyCacheListener = {
      watching: () => contain(() => listener.watching()),
      changed: (agents) => contain(() => listener.changed(agents)),
      lost: () => contain(() => listener.lost()),
    }
    this.#listeners.add(entry)
    if (this.#watching) entry.watching()
    return () => void this.#listeners.delete(entry)
  }

  begin(): void {
    this.#watching = true
    for (const listener of this.#listeners) listener.watching()
  }

  tell(agentIds: readonly string[]): void {
    for (const listener of this.#listeners) listener.changed(agentIds)
  }

  end(): void {
    this.#watching = false
    for (const listener of this.#listeners) listener.lost()
  }
}

/** A listener that throws must not disturb the engine that is telling, nor the other listeners. */
function contain(tell: () => void): void {
  try {
    tell()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
