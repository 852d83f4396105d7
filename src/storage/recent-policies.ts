import type { PolicyDocument } from './policy-document.js'
import { found } from './storage-result.js'
import type { StorageResult } from './storage-result.js'

interface Entry {
  readonly document: PolicyDocument
  /** Made once, so that a hit allocates nothing. */
  readonly answer: Promise<StorageResult<PolicyDocument>>
  /** On the clock of `performance.now()`. */
  readonly expiresAt: number
}

/** The policies that were read lately: bounded, the one that was used longest ago goes first. */
export class RecentPolicies {
  readonly #entries = new Map<string, Entry>()
  readonly #maxEntries: number
  readonly #lifeMs: number
  /** The id used last, which need not be moved to the end again. */
  #newest: string | undefined

  constructor(maxEntries: number, lifeMs: number) {
    this.#maxEntries = maxEntries
    this.#lifeMs = lifeMs
  }

  get size(): number {
    return this.#entries.size
  }

  /** The entry of `agentId`, which must be canonical to be found, unless its time is over. */
  get(agentId: string): Entry | undefined {
    const entry = this.#entries.get(agentId)
    if (entry === undefined) return undefined
    if (entry.expiresAt <= performance.now()) {
      this.delete(agentId)
      return undefined
    }
    if (agentId !== this.#newest) {
      this.#entries.delete(agentId)
      this.#entries.set(agentId, entry)
      this.#newest = agentId
    }
    return entry
  }

  set(agentId: string, document: PolicyDocument): void {
    this.#entries.delete(agentId)
    const answer = Promise.resolve(Object.freeze(found(document)))
    this.#entries.set(agentId, { document, answer, expiresAt: performance.now() + this.#lifeMs })
    this.#newest = agentId
    if (this.#entries.size <= this.#maxEntries) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  delete(agentId: string): void {
    this.#entries.delete(agentId)
    if (agentId === this.#newest) this.#newest = undefined
  }

  clear(): void {
    this.#entries.clear()
    this.#newest = undefined
  }
}
