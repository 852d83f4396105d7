import type { StoreOperation } from '../store-error.js'

/** What an operation asks for; the numbers are those of `crates/indelible-valkey/src/frame.rs`. */
export const OPCODE: Readonly<Record<StoreOperation, number>> = {
  load: 1,
  append: 2,
  'save-session': 3,
  'load-session': 4,
  'delete-session': 5,
  increment: 6,
  current: 7,
  reset: 8,
  'get-policy': 9,
  'cache-policy': 10,
  'invalidate-policy': 11,
}

const HEADER_BYTES = 12
const INITIAL_BYTES = 64 * 1024
/** Up to here a loop over the characters is faster than a call into C++. */
const SHORT_TEXT = 64

const NOTHING: readonly string[] = []

/**
 * The request frame of a turn: a growing buffer to which each operation is appended. The layout stands in
 * `crates/indelible-valkey/src/frame.rs`.
 */
export class FrameWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #length = 0
  #operations = 0

  /** The buffer; its first {@link length} bytes are the frame. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Bytes written since the last {@link reset}. */
  get length(): number {
    return this.#length
  }

  /** Operations added since the last {@link reset}. */
  get operations(): number {
    return this.#operations
  }

  /** Begins the next frame. The buffer is used again, so the last frame must have been copied. */
  reset(): void {
    this.#length = 0
    this.#operations = 0
  }

  /**
   * Adds one operation and returns its size in bytes. Ids and arguments must be well-formed text, at most 255 ids
   * and 65,535 arguments.
   */
  push(token: number, opcode: number, ids: readonly string[], args: readonly string[] = NOTHING): number {
    const start = this.#length
    this.#operations += 1
    this.#reserve(HEADER_BYTES)
    this.#length = start + HEADER_BYTES
    for (let index = 0; index < ids.length; index++) this.#text(ids[index] as string)
    for (let index = 0; index < args.length; index++) this.#text(args[index] as string)
    const bytes = this.#bytes
    const size = this.#length - start
    writeWord(bytes, start, size)
    writeWord(bytes, start + 4, token)
    bytes[start + 8] = opcode
    bytes[start + 9] = ids.length
    bytes[start + 10] = args.length
    bytes[start + 11] = args.length >>> 8
    return size
  }

  #text(text: string): void {
    const { length } = text
    this.#reserve(4 + length * 3)
    const bytes = this.#bytes
    const start = this.#length + 4
    let end = start
    if (length <= SHORT_TEXT) {
      for (; end - start < length; end++) {
        const unit = text.charCodeAt(end - start)
        if (unit > 0x7f) break
        bytes[end] = unit
      }
    }
    if (end - start < length) end = start + bytes.write(text, start, 'utf8')
    writeWord(bytes, start - 4, end - start)
    this.#length = end
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}

function writeWord(bytes: Buffer, at: number, word: number): void {
  bytes[at] = word
  bytes[at + 1] = word >>> 8
  bytes[at + 2] = word >>> 16
  bytes[at + 3] = word >>> 24
}
