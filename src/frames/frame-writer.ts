/** What an operation asks for; the numbers are those of `crates/indelible-valkey/src/frame.rs`. */
export const OPCODE = { load: 1, append: 2 } as const
export type Opcode = (typeof OPCODE)[keyof typeof OPCODE]

const HEADER_BYTES = 12
const INITIAL_BYTES = 64 * 1024
/** Up to here a loop over the characters is faster than a call into C++. */
const SHORT_TEXT = 64

const NO_LABELS: readonly string[] = []

/**
 * The request frame of a turn: a growing buffer to which each operation is appended. The layout stands in
 * `crates/indelible-valkey/src/frame.rs`.
 */
export class FrameWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #length = 0

  /** The buffer; its first {@link length} bytes are the frame. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Bytes written since the last {@link reset}. */
  get length(): number {
    return this.#length
  }

  /** Begins the next frame. The buffer is used again, so the last frame must have been copied. */
  reset(): void {
    this.#length = 0
  }

  /**
   * Adds one operation and returns its size in bytes. Ids and labels must be within the limits: well-formed text
   * of at most 65,535 bytes, at most 255 ids and 65,535 labels.
   */
  push(token: number, opcode: Opcode, ids: readonly string[], labels: readonly string[] = NO_LABELS): number {
    const start = this.#length
    this.#reserve(HEADER_BYTES)
    this.#length = start + HEADER_BYTES
    for (let index = 0; index < ids.length; index++) this.#text(ids[index] as string)
    for (let index = 0; index < labels.length; index++) this.#text(labels[index] as string)
    const bytes = this.#bytes
    const size = this.#length - start
    writeWord(bytes, start, size)
    writeWord(bytes, start + 4, token)
    bytes[start + 8] = opcode
    bytes[start + 9] = ids.length
    bytes[start + 10] = labels.length
    bytes[start + 11] = labels.length >>> 8
    return size
  }

  #text(text: string): void {
    const { length } = text
    this.#reserve(2 + length * 3)
    const bytes = this.#bytes
    const start = this.#length + 2
    let end = start
    if (length <= SHORT_TEXT) {
      for (; end - start < length; end++) {
        const unit = text.charCodeAt(end - start)
        if (unit > 0x7f) break
        bytes[end] = unit
      }
    }
    if (end - start < length) end = start + bytes.write(text, start, 'utf8')
    const size = end - start
    bytes[start - 2] = size
    bytes[start - 1] = size >>> 8
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
