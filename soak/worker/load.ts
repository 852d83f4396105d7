import { setTimeout as delay } from 'node:timers/promises'

import type { HistoryWriter } from '../history/history-files.js'
import { now } from '../history/operation.js'
import { Random } from '../random.js'
import { type Epoch, HOT_SESSIONS, sessionOf } from './assignment.js'
import type { Subject } from './subject.js'

/** Longest pause of a caller between two calls, in milliseconds; drawn evenly. */
const PAUSE_MS = 60
const APPENDS = 0.25
const CANCELS = 0.02
/** When a cancelled call is cancelled at the latest, in milliseconds after it began. */
const CANCEL_WITHIN_MS = 20
/** Loads of sessions of an earlier epoch. */
const LOOKS_BACK = 0.2
/** Nobody cancels. */
const NEVER = new AbortController().signal

/** The callers of one process. */
export class WorkerLoad {
  readonly #subject: Subject
  readonly #history: HistoryWriter
  readonly #process: number
  readonly #random: Random
  #labels = 0
  #stopping = false
  epoch: Epoch | undefined

  constructor(subject: Subject, history: HistoryWriter, process: number, seed: number) {
    this.#subject = subject
    this.#history = history
    this.#process = process
    this.#random = new Random(seed)
  }

  /** Calls until `stop`; resolves when the last call has ended. Does nothing while there is no epoch. */
  async run(callers: number): Promise<void> {
    await Promise.all(Array.from({ length: callers }, () => this.#call(this.#random.fork())))
  }

  stop(): void {
    this.#stopping = true
  }

  /** Loads every session of the epochs once, and again while that fails, for at most `limitMs`. */
  async audit({ oldest, epoch }: Epoch, limitMs: number): Promise<void> {
    const limit = now() + limitMs
    for (let each = oldest; each <= epoch; each++) {
      for (let n = 0; n < HOT_SESSIONS; n++) {
        while (!(await this.#load(each, n, NEVER)) && now() < limit) await delay(20)
      }
    }
  }

  async #call(random: Random): Promise<void> {
    while (!this.#stopping) {
      await delay(random.between(0, PAUSE_MS))
      if (this.epoch === undefined || this.#stopping) continue
      const { epoch, oldest } = this.epoch
      const n = random.below(HOT_SESSIONS)
      const signal = random.chance(CANCELS) ? AbortSignal.timeout(random.below(CANCEL_WITHIN_MS)) : NEVER
      if (random.chance(APPENDS)) await this.#append(epoch, n, signal)
      else
        await this.#load(
          random.chance(LOOKS_BACK) ? oldest + random.below(epoch - oldest + 1) : epoch,
          n,
          signal,
        )
    }
  }

  async #append(epoch: number, n: number, signal: AbortSignal): Promise<void> {
    const session = sessionOf(epoch, n)
    const label = `${this.#process}-${this.#labels++}`
    const t0 = now()
    const end = await this.#subject.append(session, label, signal)
    const t1 = now()
    this.#history.write(epoch, { op: 'append', process: this.#process, session, label, t0, t1, ...end })
  }

  /** @returns Whether it succeeded. */
  async #load(epoch: number, n: number, signal: AbortSignal): Promise<boolean> {
    const session = sessionOf(epoch, n)
    const t0 = now()
    const end = await this.#subject.load(session, signal)
    const t1 = now()
    this.#history.write(epoch, { op: 'load', process: this.#process, session, t0, t1, labels: [], ...end })
    return end.result === 'ok'
  }
}
