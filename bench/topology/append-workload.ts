import { ClosedLoop } from '../closed-loop.js'
import type { LabelContestant } from '../contestant.js'
import type { LatencyHistogram } from '../latency-histogram.js'
import type { Workload } from '../workload.js'

/** What an append has to reach before it counts, and the milliseconds in which it must. */
export const REPLICAS = 1
export const TIMEOUT_MS = 300

/** Sessions before one is given its next label: nearly every append writes something new, and has to be waited for. */
const SESSIONS = 100_000

/** Appends alone. */
export class AppendWorkload implements Workload {
  readonly #contestant: LabelContestant
  readonly #loop: ClosedLoop

  constructor(contestant: LabelContestant) {
    this.#contestant = contestant
    this.#loop = new ClosedLoop((turn) =>
      contestant.append(`session-${turn % SESSIONS}`, [`label-${Math.floor(turn / SESSIONS)}`]),
    )
  }

  get operations(): number {
    return this.#loop.operations
  }

  /** @throws When what was appended cannot be read. */
  async seed(): Promise<void> {
    await this.#contestant.append('seed', ['label'])
    const loaded = [...(await this.#contestant.load('seed'))]
    if (loaded.join() !== 'label') throw new Error(`appended one label and loaded ${loaded.length}`)
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
