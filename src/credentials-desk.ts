import type { NativeStore } from './native-addon.js'
import type { Credentials, CredentialsProvider } from './session-store-factory.js'

/**
 * Asks the host program for credentials when the engine opens a connection. Whatever goes wrong there, the answer is
 * "none", which fails that connection: a store must not hang on, or fall with, somebody else's function.
 */
export class CredentialsDesk {
  readonly #provider: CredentialsProvider
  #native: NativeStore | undefined

  constructor(provider: CredentialsProvider) {
    this.#provider = provider
  }

  /** Where the answers go. */
  connect(native: NativeStore): void {
    this.#native = native
  }

  /** Answers one request of the engine. */
  async answer(request: number): Promise<void> {
    const { username, password } = await this.#ask()
    this.#native?.giveCredentials(request, username, password)
  }

  async #ask(): Promise<Partial<Credentials>> {
    try {
      const { username, password } = await this.#provider()
      const wellFormed =
        typeof password === 'string' && (username === undefined || typeof username === 'string')
      return wellFormed ? { password, ...(username === undefined ? {} : { username }) } : {}
    } catch {
      return {}
    }
  }
}
