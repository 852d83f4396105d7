/** Something that is to be closed in the end. */
export interface Closable {
  close(): Promise<void>
}

/** What the factories of one boot have in common: a driver that serves three kinds opens its pool once. */
export class BootContext {
  /** Where the `storage` block stands. */
  readonly path: string
  readonly #shared = new Map<string, Promise<Closable>>()

  constructor(path: string) {
    this.path = path
  }

  /** What `open` gave for this name the first time; closed together with the storage. */
  shared<Resource extends Closable>(name: string, open: () => Promise<Resource>): Promise<Resource> {
    const opening = (this.#shared.get(name) ?? open()) as Promise<Resource>
    this.#shared.set(name, opening)
    return opening
  }

  /** Closes what is shared. Never rejects: what could not be opened need not be closed. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#shared.values()].map(async (opening) => (await opening).close()))
  }
}
