/** How often the watchdog looks, in milliseconds: the precision of its bound. */
const TICK_MS = 250

/**
 * Counts time in ticks while operations are under way, so that one whose answer never comes is failed all the same
 * (`docs/soundness.md`, line 20). Its timer also keeps the process alive exactly as long as somebody waits.
 *
 * Ticks and not the clock: while the event loop is blocked no tick passes, and an answer that has arrived meanwhile
 * is not taken for a missing one.
 */
export class Watchdog {
  readonly #limit: number
  readonly #onTick: (overdue: number) => void
  #timer: NodeJS.Timeout | undefined
  #tick = 0

  /** `onTick` gets the tick in or before which an operation must have begun to be overdue. */
  constructor(limitMs: number, onTick: (overdue: number) => void) {
    this.#limit = Math.ceil(limitMs / TICK_MS)
    this.#onTick = onTick
  }

  /** The current tick, to be noted with an operation that begins. */
  get tick(): number {
    return this.#tick
  }

  /** Operations are under way. */
  start(): void {
    if (this.#timer === undefined) this.#timer = setInterval(() => this.#advance(), TICK_MS)
    else this.#timer.ref()
  }

  /** Nobody waits any longer: the process may end. The timer stays for the next operation. */
  rest(): void {
    this.#timer?.unref()
  }

  /** Ends the timer. */
  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #advance(): void {
    this.#tick += 1
    this.#onTick(this.#tick - this.#limit - 1)
  }
}
