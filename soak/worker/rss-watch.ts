import type { Rss } from './assignment.js'

/** How often memory is looked at, in milliseconds. */
const EVERY_MS = 250

/** The memory of this process over its life. Least values of a stretch: above them lies what is not yet collected. */
export class RssWatch {
  readonly #samples: number[] = []
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => this.#samples.push(process.memoryUsage.rss()), EVERY_MS)
    this.#timer.unref()
  }

  /** Ends the watch. `early` is the least of the second tenth of its life, `late` that of the last. */
  measure(): Rss {
    clearInterval(this.#timer)
    this.#samples.push(process.memoryUsage.rss())
    const tenth = Math.ceil(this.#samples.length / 10)
    return {
      seconds: (this.#samples.length * EVERY_MS) / 1_000,
      early: Math.min(...this.#samples.slice(0, 2 * tenth).slice(-tenth)),
      late: Math.min(...this.#samples.slice(-tenth)),
    }
  }
}
