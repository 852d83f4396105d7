import type { ServerResponse } from 'node:http'

/** The requests under way: those whose answer is not complete, and those whose handling has not ended. */
export class UnderWay {
  readonly #responses = new Set<ServerResponse>()
  readonly #handled = new Set<Promise<void>>()

  /** @param handled resolves when the request has been handled, which may be after its client has left. */
  add(response: ServerResponse, handled: Promise<void>): void {
    this.#responses.add(response)
    response.once('close', () => this.#responses.delete(response))
    this.#handled.add(handled)
    void handled.then(() => this.#handled.delete(handled))
  }

  get responses(): Iterable<ServerResponse> {
    return this.#responses
  }

  /** Resolves when every request that has been added is handled. */
  async handled(): Promise<void> {
    await Promise.all(this.#handled)
  }
}
