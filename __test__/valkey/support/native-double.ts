// In the place of the native engine: takes frames, and answers what and when the test says.

import type { NativeStore } from '../../../src/native-addon.js'

/** Words of a reply frame, as `crates/indelible-node/src/reply_frame.rs` writes them. */
export const record = {
  loaded: (token: number, set: number): number[] => [2, token, set],
  appended: (token: number): number[] => [3, token],
  emptySet: (set: number): number[] => [1, set, 0],
  unknown: [0xbeef],
} as const

/** A native store of which nothing is true. */
export class NativeDouble implements NativeStore {
  readonly deadlineMs: number
  readonly maxInFlight: number
  /** What it does with a frame. Default: takes it, and is never heard of again. */
  onSubmit: () => boolean = () => true
  closed = false
  /** Tokens of the operations that it took, in order. */
  readonly tokens: number[] = []
  readonly #wake: () => void
  readonly #replies: Buffer[] = []

  constructor(wake: () => void, { deadlineMs = 50, maxInFlight = 16 } = {}) {
    this.#wake = wake
    this.deadlineMs = deadlineMs
    this.maxInFlight = maxInFlight
  }

  submit(frame: Buffer, length: number): boolean {
    for (let at = 0; at < length; at += frame.readUInt32LE(at)) this.tokens.push(frame.readUInt32LE(at + 4))
    return this.onSubmit()
  }

  /** Answers with these records. */
  reply(...records: readonly (readonly number[])[]): void {
    this.#replies.push(Buffer.from(Uint32Array.from(records.flat()).buffer))
    this.#wake()
  }

  drain(buffer: Buffer): number {
    const reply = this.#replies[0]
    if (reply === undefined) return 0
    if (reply.length > buffer.length) return -reply.length
    this.#replies.shift()
    return reply.copy(buffer)
  }

  health(): string | null {
    return this.closed ? null : '{"state":"idle"}'
  }

  giveCredentials(): void {
    throw new Error('nobody asked')
  }

  close(): void {
    this.closed = true
  }
}
