import { ClosedLoop } from './closed-loop.js'
import type { LatencyHistogram } from './latency-histogram.js'
import type { Workload } from './workload.js'

/** Length of the window, in seconds: longer than any run. */
export const WINDOW_SECONDS = 3_600

/** Keys that are counted at the same time. */
const KEYS = Array.from({ length: 1_000 }, (_, index) => `tenant-${index % 10}:client-${index}`)

/** What `seed()` does before the counting begins: it counts every key twice. */
export const SEEDING_OPERATIONS = 2 * KEYS.length

/** Counts hits in fixed windows: one round trip, and an error when the server refuses any of it. */
export interface IncrementContestant {
  /** Adds 1 and answers the total. */
  increment(key: string): Promise<number | bigint>
  close(): Promise<void>
}

/** Hits of a thousand clients, as a rate limiter counts them. */
export class IncrementWorkload implements Workload {
  readonly #contestant: IncrementContestant
  readonly #loop: ClosedLoop

  constructor(contestant: IncrementContestant) {
    this.#contestant = contestant
    this.#loop = new ClosedLoop(async (turn) => {
      await contestant.increment(KEYS[turn % KEYS.length] as string)
    })
  }

  get operations(): number {
    return this.#loop.operations
  }

  /** Counts every key twice: a contestant that does not count cannot take part. */
  async seed(): Promise<void> {
    for (const expected of [1, 2]) {
      const totals = await Promise.all(KEYS.map((key) => this.#contestant.increment(key)))
      const wrong = totals.find((total) => Number(total) !== expected)
      if (wrong !== undefined) throw new Error(`counted ${wrong} where ${expected} was expected`)
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
