/** What the demo prints: acts, steps that must hold, and a last line that says how it ended. */
export class Transcript {
  readonly #print: (line: string) => void

  constructor(print: (line: string) => void = (line) => void process.stdout.write(`${line}\n`)) {
    this.#print = print
  }

  /** A heading and what the reader should know before the steps. */
  act(title: string, ...notes: readonly string[]): void {
    this.#print(`\n${title}`)
    for (const note of notes) this.#print(`  ${note}`)
  }

  /**
   * Something that must happen.
   *
   * @param claim - What happens, as a sentence without its end.
   * @param check - Does it; resolves to what was seen, throws when something else happened.
   */
  async step(claim: string, check: () => string | Promise<string>): Promise<void> {
    try {
      this.#print(`  [ok] ${claim}: ${await check()}`)
    } catch (error) {
      this.#print(`  [FAILED] ${claim}`)
      throw error
    }
  }

  /** The last line. */
  end(verdict: 'ok' | 'failed' | 'incomplete'): void {
    this.#print(`\ndemo: ${verdict}`)
  }
}
