import type { Fleet } from './fleet.js'
import { now } from './history/operation.js'
import type { Epoch } from './worker/assignment.js'

/** How long the same sessions are under load, in milliseconds: their labels grow to about a hundred. */
const EPOCH_MS = 4_000

/** Which sessions are under load: new ones every few seconds, and when a loss has been accepted. */
export class Epochs implements Disposable {
  readonly #fleet: Fleet
  readonly #losses: { readonly before: number; readonly at: number }[] = []
  #timer: NodeJS.Timeout | undefined
  #current: Epoch = { epoch: 0, oldest: 0 }

  constructor(fleet: Fleet) {
    this.#fleet = fleet
  }

  get current(): Epoch {
    return this.#current
  }

  /** How often a loss was accepted. */
  get losses(): number {
    return this.#losses.length
  }

  start(): void {
    this.#fleet.enter(this.#current)
    this.#timer = setInterval(
      () => this.#enter({ ...this.#current, epoch: this.#current.epoch + 1 }),
      EPOCH_MS,
    )
  }

  /** The sessions of now stay under load. */
  stop(): void {
    clearInterval(this.#timer)
  }

  /** Also where a run fails: nobody is left to be told of further sessions. */
  [Symbol.dispose](): void {
    this.stop()
  }

  /** Accepts that all sessions so far may have lost their labels, and goes on with new ones. */
  async forget(accept: () => Promise<void>): Promise<void> {
    const at = now()
    await accept()
    const epoch = this.#current.epoch + 1
    this.#losses.push({ before: epoch, at })
    this.#enter({ epoch, oldest: epoch })
  }

  /** From when on the sessions of `epoch` may have lost their labels; undefined: they may not. */
  forgottenAt(epoch: number): number | undefined {
    return this.#losses.find(({ before }) => epoch < before)?.at
  }

  #enter(epoch: Epoch): void {
    this.#current = epoch
    this.#fleet.enter(epoch)
  }
}
