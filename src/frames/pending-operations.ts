import type { AppendResult, Decode, ExchangeResult, LoadResult } from '../results.js'
import type { StoreOperation } from '../store-error.js'

/** Any result: a load gets a {@link LoadResult}, an append an {@link AppendResult}, all others an {@link ExchangeResult}. */
export type Result = LoadResult & AppendResult & ExchangeResult

/** Takes the result of one operation. */
export type Settle = (result: Result) => void

/**
 * The operations under way, by token.
 *
 * A token is handed out again only after the engine has answered it: one whose caller has gone away (aborted, or
 * given up by the watchdog) stays taken, so that a late answer can never settle a newer operation.
 */
export class PendingOperations {
  readonly #settle: (Settle | undefined)[] = []
  readonly #operation: StoreOperation[] = []
  readonly #bytes: number[] = []
  readonly #tick: number[] = []
  readonly #startedAt: number[] = []
  readonly #decode: (Decode | undefined)[] = []
  readonly #free: number[] = []
  #awaited = 0
  #bytesTaken = 0

  /** Tokens that are taken: operations that the engine has not answered. */
  get taken(): number {
    return this.#settle.length - this.#free.length
  }

  /** Frame bytes of the operations that the engine has not answered. */
  get bytesTaken(): number {
    return this.#bytesTaken
  }

  /** Operations whose caller still waits. */
  get awaited(): number {
    return this.#awaited
  }

  /**
   * Takes a token. `startedAt` is 0 unless somebody wants to know how long operations take; `decode` is for operations
   * that answer with a text.
   */
  add(
    settle: Settle,
    operation: StoreOperation,
    tick: number,
    startedAt: number,
    decode: Decode | undefined,
  ): number {
    const token = this.#free.pop() ?? this.#settle.length
    this.#settle[token] = settle
    this.#operation[token] = operation
    this.#tick[token] = tick
    this.#startedAt[token] = startedAt
    this.#decode[token] = decode
    this.#bytes[token] = 0
    this.#awaited += 1
    return token
  }

  /** Notes how much of a frame the operation takes. */
  setBytes(token: number, bytes: number): void {
    this.#bytes[token] = bytes
    this.#bytesTaken += bytes
  }

  operationOf(token: number): StoreOperation {
    return this.#operation[token] as StoreOperation
  }

  startedAt(token: number): number {
    return this.#startedAt[token] as number
  }

  /** The answer to an operation that has found `text`. */
  decode(token: number, text: string | undefined): Result {
    const decode = this.#decode[token]
    if (decode === undefined) throw new Error('the native engine answered with a text that nobody asked for')
    return decode(text) as Result
  }

  /** The engine has answered: frees the token and returns who waits for it, if anyone still does. */
  answer(token: number): Settle | undefined {
    const settle = this.abandon(token)
    this.#bytesTaken -= this.#bytes[token] as number
    this.#free.push(token)
    return settle
  }

  /** The caller no longer waits; the token stays taken until the engine answers. */
  abandon(token: number): Settle | undefined {
    const settle = this.#settle[token]
    if (settle === undefined) return undefined
    this.#settle[token] = undefined
    this.#awaited -= 1
    return settle
  }

  /** The awaited tokens that were taken in or before `tick`. */
  *takenBefore(tick: number): IterableIterator<number> {
    for (let token = 0; token < this.#settle.length; token++) {
      if (this.#settle[token] !== undefined && (this.#tick[token] as number) <= tick) yield token
    }
  }
}
