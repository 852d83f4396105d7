import type { SentCommand } from './command-stream.js'

/** Where a part of a recording belongs; the numbers are those of `crates/indelible-bench/src/recording.rs`. */
const HANDSHAKE = 0
const SEED = 1
const MIX = 2

/** A part begins with one of these, whatever else belongs to it. */
const BEGINS_PART = new Set(['SMEMBERS', 'SADD', 'MULTI'])

/** Each operation of the mix has exactly one of these; a transaction may hold several. */
const IS_OPERATION = new Set(['SMEMBERS', 'SADD'])

/** What cannot be cut: a load, or a transaction with all appends in it, and what follows it. */
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
  readonly #parts: Part[] = []
  readonly #handshake: Part[] = []

  /** The commands of one connection, in the order in which they were sent. */
  connection(): (command: SentCommand) => void {
    let part: Part | undefined
    let inTransaction = false
    return ({ name, bytes }) => {
      if (BEGINS_PART.has(name) && !inTransaction) {
        part = { kind: MIX, operations: 0, replies: 0, chunks: [] }
        this.#parts.push(part)
      }
      if (name === 'MULTI') inTransaction = true
      if (name === 'EXEC' || name === 'DISCARD') inTransaction = false
      if (part === undefined) {
        part = { kind: HANDSHAKE, operations: 0, replies: 0, chunks: [] }
        this.#handshake.push(part)
      }
      if (IS_OPERATION.has(name)) part.operations += 1
      part.replies += 1
      part.chunks.push(bytes)
    }
  }

  get operations(): number {
    return this.#parts.reduce((sum, { operations }) => sum + operations, 0)
  }

  /**
   * The recording as the program `raw-ceiling` reads it.
   *
   * @param seeds - Operations that only filled the server: the first ones.
   */
  encode(seeds: number): Buffer {
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
