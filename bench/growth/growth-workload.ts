import { ClosedLoop } from '../closed-loop.js'
import type { LabelContestant } from '../contestant.js'
import type { LatencyHistogram } from '../latency-histogram.js'
import type { Workload } from '../workload.js'
import { labelsOf, type Shape } from './shape.js'

/** Appends under way at once while the sessions are filled. */
const SEEDED_AT_ONCE = 2_048

/** Loads alone, over sessions of a given shape. */
export class GrowthWorkload implements Workload {
  readonly #contestant: LabelContestant
  readonly #shape: Shape
  readonly #loop: ClosedLoop

  constructor(contestant: LabelContestant, shape: Shape) {
    const { sessions, hot } = shape
    const spacing = Math.floor(sessions / hot)
    this.#contestant = contestant
    this.#shape = shape
    this.#loop = new ClosedLoop(async (turn) => {
      await contestant.load(`session-${(turn % hot) * spacing}`)
    })
  }

  get operations(): number {
    return this.#loop.operations
  }

  /** Fills every session, then reads some back: a contestant that keeps nothing cannot take part. */
  async seed(): Promise<void> {
    const { sessions, sets } = this.#shape
    const labels = Array.from({ length: sets }, (_, set) => labelsOf(set, this.#shape))
    for (let first = 0; first < sessions; first += SEEDED_AT_ONCE) {
      const count = Math.min(SEEDED_AT_ONCE, sessions - first)
      await Promise.all(
        Array.from({ length: count }, (_, index) => {
          const session = first + index
          return this.#contestant.append(`session-${session}`, labels[session % sets] as string[])
        }),
      )
    }
    const last = sessions - 1
    const loaded = new Set(await this.#contestant.load(`session-${last}`))
    if (!labels[last % sets]?.every((label) => loaded.has(label)) || loaded.size !== this.#shape.labels) {
      throw new Error(`session ${last} came back with ${loaded.size} labels`)
    }
  }

  run(callers: number, latencies: LatencyHistogram): Promise<void> {
    return this.#loop.run(callers, latencies)
  }

  stop(): void {
    this.#loop.stop()
  }

  close(): Promise<void> {
    return this.#contestant.close()
  }
}
