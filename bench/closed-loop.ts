import type { LatencyHistogram } from './latency-histogram.js'

/** Callers that do one operation after the other. */
export class ClosedLoop {
  readonly #operate: (turn: number) => Promise<void>
  #operations = 0
  #stopped = false

  /** @param operate - Does one operation; `turn` counts those of all callers. */
  constructor(operate: (turn: number) => Promise<void>) {
    this.#operate = operate
  }

  get operations(): number {
    return this.#operations
  }

  async run(callers: number, latencies: LatencyHistogram): Promise<void> {
    await Promise.all(Array.from({ length: callers }, (_, caller) => this.#call(caller, callers, latencies)))
  }

  stop(): void {
    this.#stopped = true
  }

  async #call(caller: number, callers: number, latencies: LatencyHistogram): Promise<void> {
    let began = performance.now()
    for (let turn = caller; !this.#stopped; turn += callers) {
      await this.#operate(turn)
      const ended = performance.now()
      latencies.record(ended - began)
      began = ended
      this.#operations += 1
    }
  }
}
