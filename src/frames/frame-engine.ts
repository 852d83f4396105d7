import { alarmChannel, operationChannel, stateChannel } from '../events.js'
import type { StoreAlarm } from '../events.js'
import type { NativeStore } from '../native-addon.js'
import { operationEvent } from '../operation-event.js'
import { APPENDED, failed } from '../results.js'
import type { AppendResult, Decode, ExchangeResult, LoadResult } from '../results.js'
import { changesData, StoreError } from '../store-error.js'
import type { StoreFailure, StoreOperation, UncheckedStoreErrorRecord } from '../store-error.js'
import type { StoreHealth } from '../store-health.js'
import { FrameWriter, OPCODE } from './frame-writer.js'
import { PendingOperations } from './pending-operations.js'
import type { Result, Settle } from './pending-operations.js'
import { ReplyReader } from './reply-reader.js'
import type { NativeEvent, ReplySink } from './reply-reader.js'
import { Watchdog } from './watchdog.js'

/** News of cached policies that other nodes may change. */
export type PoliciesEvent =
  | { readonly name: 'tracking' | 'lost' }
  | { readonly name: 'invalidated'; readonly agents: readonly string[] }

/** The answer to a write of the storage driver: one frozen object, since it tells nothing else. */
const DONE: ExchangeResult<undefined> = Object.freeze({ ok: true, value: undefined })

/** Bytes of one frame; a larger turn makes several. */
const MAX_FRAME_BYTES = 1024 * 1024
/** Operations of a turn that may go out in two parts: fewer are not worth a second crossing, and more are cut by the engine. */
const DIVISIBLE = { from: 32, to: 255 } as const
/** Bytes of all operations that may be under way at once. */
const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024
/** How long after the engine's own deadline the watchdog takes it for lost, in milliseconds. */
const WATCHDOG_SLACK_MS = 1000

/**
 * The JavaScript half of the engine: operations of one turn go out in one frame, answers come back in one.
 *
 * The first operation of a turn schedules the flush for the end of that turn, when every promise reaction of the
 * turn has run: one crossing carries whatever they asked for, or two where callers move in step.
 */
export class FrameEngine implements ReplySink {
  readonly #native: NativeStore
  readonly #kind: string
  readonly #writer = new FrameWriter()
  readonly #reader = new ReplyReader()
  readonly #pending = new PendingOperations()
  readonly #watchdog: Watchdog
  readonly #maxInFlight: number
  /** Operations after which a turn's first frame goes out; see {@link #partOf}. */
  #part = Infinity
  readonly #flush = (): void => this.#submit()
  /** Hands the executor's `resolve` out, so that no closure is made for each operation. */
  readonly #capture = (resolve: Settle): void => {
    this.#resolve = resolve
  }
  #resolve: Settle | undefined
  /** Set by {@link close}: told when nobody waits any longer. */
  #onIdle: (() => void) | undefined

  readonly #onPolicies: ((event: PoliciesEvent) => void) | undefined

  /** `open` gets the function that wakes this engine and answers the store; `onPolicies` gets news of policies. */
  constructor(
    kind: string,
    open: (wake: () => void) => NativeStore,
    onPolicies?: (event: PoliciesEvent) => void,
  ) {
    this.#kind = kind
    this.#onPolicies = onPolicies
    this.#native = open(FrameEngine.#wakerOf(new WeakRef(this)))
    this.#maxInFlight = this.#native.maxInFlight
    this.#watchdog = new Watchdog(this.#native.deadlineMs + WATCHDOG_SLACK_MS, (overdue) =>
      this.#expire(overdue),
    )
  }

  /**
   * Wakes an engine without holding it: the addon holds this function for as long as the engine holds the addon's
   * store, a cycle that no collector sees through. Not written in the constructor, whose closures share its `this`.
   */
  static #wakerOf(weakly: WeakRef<FrameEngine>): () => void {
    return () => {
      const engine = weakly.deref()
      if (engine !== undefined) engine.#drain()
    }
  }

  load(ids: readonly string[], signal: AbortSignal | undefined): Promise<LoadResult> {
    return this.#call('load', ids, undefined, signal)
  }

  append(
    ids: readonly string[],
    labels: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<AppendResult> {
    return this.#call('append', ids, labels, signal)
  }

  /** A write of the storage driver: what it is about, and what goes with it, as text. */
  write(
    operation: StoreOperation,
    ids: readonly string[],
    args: readonly string[],
  ): Promise<ExchangeResult<undefined>> {
    return this.#call(operation, ids, args, undefined) as Promise<ExchangeResult<undefined>>
  }

  /** An operation of the storage driver that answers with what it has found. */
  ask<Value>(
    operation: StoreOperation,
    ids: readonly string[],
    args: readonly string[],
    decode: Decode<Value>,
  ): Promise<ExchangeResult<Value>> {
    return this.#call(operation, ids, args, undefined, decode) as Promise<ExchangeResult<Value>>
  }

  /** Takes nothing more; resolves once everything under way has settled, by its own deadline at the latest. */
  close(): Promise<void> {
    if (this.#writer.length > 0) this.#submit()
    this.#native.close()
    return new Promise((resolve) => {
      this.#onIdle = resolve
      this.#rest()
    })
  }

  /** How the store is doing, as far as the engine knows without asking the server. */
  health(): StoreHealth {
    const health = this.#native.health()
    return health === null ? { state: 'closed' } : (JSON.parse(health) as StoreHealth)
  }

  /** Lets the process end, and the store if it is being closed, unless somebody still waits. */
  #rest(): void {
    if (this.#pending.awaited > 0) return
    if (this.#onIdle === undefined) return this.#watchdog.rest()
    this.#watchdog.stop()
    this.#onIdle()
  }

  #call(
    operation: StoreOperation,
    ids: readonly string[],
    args: readonly string[] | undefined,
    signal: AbortSignal | undefined,
    decode?: Decode,
  ): Promise<Result> {
    const pending = this.#pending
    if (pending.taken >= this.#maxInFlight || pending.bytesTaken >= MAX_BYTES_IN_FLIGHT) {
      return Promise.resolve(failed({ code: 'ERR_STORE_OVERLOADED', operation }) as Result)
    }
    const promise = new Promise<Result>(this.#capture)
    const resolve = this.#resolve as Settle
    const startedAt = operationChannel.hasSubscribers ? performance.now() : 0
    const token = pending.add(resolve, operation, this.#watchdog.tick, startedAt, decode)
    if (pending.awaited === 1) this.#watchdog.start()
    if (signal !== undefined) this.#listen(signal, token, promise)

    const writer = this.#writer
    if (writer.length === 0) process.nextTick(this.#flush)
    pending.setBytes(token, writer.push(token, OPCODE[operation], ids, args))
    if (writer.operations >= this.#part || writer.length >= MAX_FRAME_BYTES) this.#submit()
    return promise
  }

  /**
   * Settles the promise when the signal fires. The operation goes on: a label that was decided on is written whoever
   * has stopped waiting for it.
   */
  #listen(signal: AbortSignal, token: number, promise: Promise<Result>): void {
    const abort = (): void => this.#abandon(token, { code: 'ERR_STORE_ABORTED' }, signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    void promise.then(() => signal.removeEventListener('abort', abort))
  }

  #submit(): void {
    const writer = this.#writer
    if (writer.length === 0) return
    let accepted: boolean
    try {
      accepted = this.#native.submit(writer.bytes, writer.length)
    } catch {
      accepted = false
    }
    if (!accepted) this.#refuse(writer)
    this.#part = this.#partOf(writer.operations)
    writer.reset()
  }

  /**
   * How many operations of the next turn go out first. Callers that all wait for one frame move in step: the server rests
   * while JavaScript works, and the other way round. So where a frame carries everything that is under way, the next
   * turn goes out in two halves, and from then on one half of the callers is served while the other works.
   */
  #partOf(operations: number): number {
    const movesInStep = this.#part === Infinity && operations === this.#pending.taken
    const isDivisible = operations >= DIVISIBLE.from && operations <= DIVISIBLE.to
    return movesInStep && isDivisible ? operations >>> 1 : Infinity
  }

  /** The engine is gone: fails every operation of the frame. */
  #refuse({ bytes, length }: FrameWriter): void {
    for (let at = 0; at < length; at += bytes.readUInt32LE(at)) {
      const token = bytes.readUInt32LE(at + 4)
      this.failed(token, { code: 'ERR_STORE_INTERNAL', operation: this.#pending.operationOf(token) })
    }
  }

  #drain(): void {
    try {
      while (this.#takeFrame());
    } catch (cause) {
      // After an answer that cannot be had or read nothing is certain: whatever is under way has failed.
      for (const token of this.#pending.takenBefore(Infinity)) {
        this.#abandon(token, { code: 'ERR_STORE_INTERNAL' }, cause)
      }
    }
    this.#rest()
  }

  /** Takes one reply frame, or makes room for it; `false` when there is none. */
  #takeFrame(): boolean {
    const length = this.#native.drain(this.#reader.bytes)
    if (length > 0) this.#reader.read(length, this)
    else if (length < 0) this.#reader.grow(-length)
    return length !== 0
  }

  /** Fails what began long ago, after taking whatever the engine has answered while nobody listened. */
  #expire(overdue: number): void {
    this.#drain()
    for (const token of this.#pending.takenBefore(overdue)) {
      this.#abandon(token, { code: 'ERR_STORE_TIMEOUT', reason: 'command' })
    }
    this.#rest()
  }

  /** Fails an operation that may still be going on. */
  #abandon(token: number, failure: StoreFailure, cause?: unknown): void {
    const operation = this.#pending.operationOf(token)
    const settle = this.#pending.abandon(token)
    if (settle === undefined) return
    const result = failed({ ...failure, operation, indeterminate: changesData(operation), cause })
    this.#report(token, result.error)
    settle(result)
  }

  loaded(token: number, result: LoadResult): void {
    this.#settle(token, result as Result)
  }

  done(token: number): void {
    const isAppend = this.#pending.operationOf(token) === 'append'
    this.#settle(token, (isAppend ? APPENDED : DONE) as Result)
  }

  value(token: number, text: string | undefined): void {
    this.#settle(token, this.#pending.decode(token, text))
  }

  #settle(token: number, result: Result): void {
    const settle = this.#pending.answer(token)
    if (settle === undefined) return
    this.#report(token)
    settle(result)
  }

  failed(token: number, record: UncheckedStoreErrorRecord): void {
    const settle = this.#pending.answer(token)
    if (settle === undefined) return
    const error = StoreError.from(record)
    this.#report(token, error)
    settle(Object.freeze({ ok: false, error }) as Result)
  }

  event({ channel, ...event }: NativeEvent): void {
    if (channel === 'alarm') alarmChannel.publish({ ...event, kind: this.#kind } as unknown as StoreAlarm)
    else if (channel === 'state') stateChannel.publish({ ...event, kind: this.#kind })
    else this.#onPolicies?.(event as PoliciesEvent)
  }

  #report(token: number, error?: StoreError): void {
    if (!operationChannel.hasSubscribers) return
    const startedAt = this.#pending.startedAt(token)
    const elapsedMs = startedAt === 0 ? 0 : performance.now() - startedAt
    const operation = this.#pending.operationOf(token)
    operationChannel.publish(operationEvent(this.#kind, operation, elapsedMs, error))
  }
}
