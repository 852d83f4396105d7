/** How many entries are looked at for each one that is set. */
const SWEEP = 2

interface Entry<Value> {
  readonly value: Value
  /** On the clock of `performance.now()`. */
  readonly expiresAt: number
}

/**
 * Values that end with their time. What has expired is never answered, and is dropped little by little as others are
 * set, so that the map holds at most about twice what lives.
 */
export class ExpiringMap<Value> {
  readonly #entries = new Map<string, Entry<Value>>()
  #sweep: MapIterator<[string, Entry<Value>]> | undefined

  /** Entries held, those included that have expired and were not dropped yet. */
  get size(): number {
    return this.#entries.size
  }

  /** The value and the milliseconds that it still has, or `undefined`. */
  get(key: string): { readonly value: Value; readonly leftMs: number } | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const leftMs = entry.expiresAt - performance.now()
    if (leftMs > 0) return { value: entry.value, leftMs }
    this.#entries.delete(key)
    return undefined
  }

  set(key: string, value: Value, lifeMs: number): void {
    const now = performance.now()
    this.#entries.set(key, { value, expiresAt: now + lifeMs })
    this.#dropSome(now)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  #dropSome(now: number): void {
    for (let looked = 0; looked < SWEEP; looked++) {
      this.#sweep ??= this.#entries.entries()
      const { value: next } = this.#sweep.next()
      if (next === undefined) this.#sweep = undefined
      else if (next[1].expiresAt <= now) this.#entries.delete(next[0])
    }
  }
}
