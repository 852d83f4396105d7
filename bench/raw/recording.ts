import type { SentCommand } from './command-stream.js'
import type { Mix } from './mix.js'

/** Where a part of a recording belongs; the numbers are those of `crates/indelible-bench/src/recording.rs`. */
const HANDSHAKE = 0
const SEED = 1
const MIX = 2

/** What cannot be cut: a read, or a transaction with all writes in it, and what follows it. */
interface Part {
  kind: number
  operations: number
  replies: number
  readonly chunks: Buffer[]
}

/**
 * What a driver sent, part by part: the source of the raw ceiling, so that it sends what the driver really
 * sends, whatever that is.
 */
export class Recording {
  readonly #mix: Mix
  readonly #parts: Part[] = []
  readonly #handshake: Part[] = []

  constructor(mix: Mix) {
    this.#mix = mix
  }

  /** The commands of one connection, in the order in which they were sent. */
  connection(): (command: SentCommand) => void {
    let part: Part | undefined
    let inTransaction = false
    return ({ name, bytes }) => {
      const isStep = this.#mix.steps.has(name)
      if ((isStep || name === 'MULTI') && !inTransaction) {
        part = { kind: MIX, operations: 0, replies: 0, chunks: [] }
        this.#parts.push(part)
      }
      if (name === 'MULTI') inTransaction = true
      if (name === 'EXEC' || name === 'DISCARD') inTransaction = false
      if (part === undefined) {
        part = { kind: HANDSHAKE, operations: 0, replies: 0, chunks: [] }
        this.#handshake.push(part)
      }
      if (isStep) part.operations += 1
      part.replies += 1
      part.chunks.push(bytes)
    }
  }

  get operations(): number {
    return this.#parts.reduce((sum, { operations }) => sum + operations, 0)
  }

  /**
   * The recording as the program `raw-ceiling` reads it; each step of the driver is one of its operations.
   *
   * @throws When nothing but seeds was recorded.
   */
  encode(): Buffer {
    const { seeds } = this.#mix
    if (this.operations <= seeds) {
      throw new Error(`${this.operations} operations were recorded, and ${seeds} of them only seed`)
    }
    let before = 0
    for (const part of this.#parts) {
      if (before < seeds) part.kind = SEED
      before += part.operations
    }
    const parts = [...this.#handshake, ...this.#parts]
    return Buffer.concat([words(parts.length), ...parts.flatMap(encodePart)])
  }
}

function encodePart({ kind, operations, replies, chunks }: Part): Buffer[] {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  return [words(kind, operations, replies, length), ...chunks]
}

function words(...values: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer)
}
