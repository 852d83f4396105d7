// A shared policy cache whose every answer waits for the test, and that tells what the test says.

import {
  MemoryPolicyStore,
  type PolicyCache,
  type PolicyCacheListener,
  type PolicyDocument,
  type RecordId,
  type StorageResult,
} from 'indelible/storage'

type Step = 'get' | 'cache' | 'invalidate'

/** Keeps policies as the memory store does. A step that is held waits for its release before or after it happens. */
export class ScriptedPolicyCache implements PolicyCache {
  readonly watchable: boolean
  /** What was done, in order. */
  readonly steps: Step[] = []
  /** Answered by reads instead of what is stored. */
  failure: StorageResult<never> | undefined
  listener: PolicyCacheListener | undefined
  readonly #store = new MemoryPolicyStore()
  readonly #held = new Map<Step, Promise<void>>()

  constructor({ watchable = true } = {}) {
    this.watchable = watchable
  }

  /** Holds the next steps of this kind back, once they have happened, until the function returned is called. */
  hold(step: Step): () => void {
    let release: (() => void) | undefined
    this.#held.set(step, new Promise((resolve) => (release = resolve)))
    return () => {
      this.#held.delete(step)
      release?.()
    }
  }

  /** Writes past every hold, as another node would. */
  async plant(agentId: RecordId, document: PolicyDocument): Promise<void> {
    await this.#store.cachePolicy(agentId, document)
  }

  async getPolicy(agentId: RecordId): Promise<StorageResult<PolicyDocument | null>> {
    const found = this.failure ?? (await this.#store.getPolicy(agentId))
    await this.#done('get')
    return found
  }

  async cachePolicy(
    agentId: RecordId,
    document: PolicyDocument,
    ttlSecs?: number,
  ): Promise<StorageResult<undefined>> {
    const result = await this.#store.cachePolicy(agentId, document, ttlSecs)
    await this.#done('cache')
    return result
  }

  async invalidate(agentId: RecordId): Promise<StorageResult<undefined>> {
    const result = await this.#store.invalidate(agentId)
    await this.#done('invalidate')
    return result
  }

  watch(listener: PolicyCacheListener): () => void {
    this.listener = listener
    listener.watching()
    return () => (this.listener = undefined)
  }

  async #done(step: Step): Promise<void> {
    this.steps.push(step)
    await this.#held.get(step)
  }
}
