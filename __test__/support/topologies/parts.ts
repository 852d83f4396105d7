/** Things that end together, the latest first. */
export class Parts implements AsyncDisposable {
  readonly #parts: AsyncDisposable[] = []

  /** Takes over the end of `part`, and returns it. */
  add<Part extends AsyncDisposable>(part: Part): Part {
    this.#parts.push(part)
    return part
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts.splice(0).toReversed()) await part[Symbol.asyncDispose]()
  }
}
