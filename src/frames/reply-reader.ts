import { ReadonlyLabelSet } from '../label-set.js'
import { loaded } from '../results.js'
import type { LoadResult } from '../results.js'
import type { UncheckedStoreErrorRecord } from '../store-error.js'

/** Takes what a reply frame holds. */
export interface ReplySink {
  loaded(token: number, result: LoadResult): void
  done(token: number): void
  value(token: number, value: string | undefined): void
  failed(token: number, record: UncheckedStoreErrorRecord): void
  event(event: NativeEvent): void
}

/** An event as the engine tells it. */
export interface NativeEvent {
  readonly channel: 'alarm' | 'state' | 'policies'
  readonly name: string
  readonly [detail: string]: unknown
}

/** The records of `crates/indelible-node/src/reply_frame.rs`. */
const RECORD = {
  labelSet: 1,
  loaded: 2,
  done: 3,
  failed: 4,
  event: 5,
  forget: 6,
  value: 7,
  nothing: 8,
} as const

const INITIAL_BYTES = 64 * 1024

/** The buffer that reply frames are copied into, and the label sets that they name by number. */
export class ReplyReader {
  #bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #words: Uint32Array = wordsOf(this.#bytes)
  /** One frozen result for each label set: every load of the same labels answers the same object. */
  readonly #results: LoadResult[] = []

  /** Where reply frames are to be copied to. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Makes room for a frame of `length` bytes. */
  grow(length: number): void {
    this.#bytes = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(length)))
    this.#words = wordsOf(this.#bytes)
  }

  /** Reads the first `length` bytes and hands each record to `sink`. */
  read(length: number, sink: ReplySink): void {
    const words = this.#words
    const end = length >>> 2
    let at = 0
    while (at < end) {
      switch (words[at]) {
        case RECORD.loaded:
          sink.loaded(words[at + 1] as number, this.#result(words[at + 2] as number))
          at += 3
          break
        case RECORD.done:
          sink.done(words[at + 1] as number)
          at += 2
          break
        case RECORD.labelSet:
          at = this.#learn(at)
          break
        case RECORD.failed:
          sink.failed(words[at + 1] as number, JSON.parse(this.#text(at + 2)) as UncheckedStoreErrorRecord)
          at = this.#afterText(at + 2)
          break
        case RECORD.event:
          sink.event(JSON.parse(this.#text(at + 1)) as NativeEvent)
          at = this.#afterText(at + 1)
          break
        case RECORD.value:
          sink.value(words[at + 1] as number, this.#text(at + 2))
          at = this.#afterText(at + 2)
          break
        case RECORD.nothing:
          sink.value(words[at + 1] as number, undefined)
          at += 2
          break
        case RECORD.forget:
          this.#results.length = 0
          at += 1
          break
        default:
          throw new Error('the native engine sent a record that this version does not know')
      }
    }
  }

  #learn(at: number): number {
    const number = this.#words[at + 1] as number
    const labels: string[] = []
    let text = at + 3
    for (let left = this.#words[at + 2] as number; left > 0; left--) {
      labels.push(this.#text(text))
      text = this.#afterText(text)
    }
    this.#results[number] = loaded(ReadonlyLabelSet.from(labels))
    return text
  }

  #result(number: number): LoadResult {
    const result = this.#results[number]
    if (result === undefined) throw new Error('the native engine named a label set that it never sent')
    return result
  }

  #text(at: number): string {
    const start = (at + 1) * 4
    return this.#bytes.toString('utf8', start, start + (this.#words[at] as number))
  }

  #afterText(at: number): number {
    return at + 1 + (((this.#words[at] as number) + 3) >>> 2)
  }
}

/** The addon and this reader run in one process, so the machine's byte order is the frames': both little-endian. */
function wordsOf(bytes: Buffer): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
}
