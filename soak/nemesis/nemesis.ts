import { setTimeout as delay } from 'node:timers/promises'

import type { Window } from '../check/liveness.js'
import { now } from '../history/operation.js'
import type { Scene } from './fault.js'
import type { Planned, Schedule } from './schedule.js'

/** Lets rounds of faults happen until a moment, and remembers when. */
export class Nemesis {
  readonly #schedule: Schedule
  readonly #scene: Scene
  readonly windows: Window[] = []

  constructor(schedule: Schedule, scene: Scene) {
    this.#schedule = schedule
    this.#scene = scene
  }

  /**
   * @param until - No round begins later, in milliseconds of the monotonic clock; one that has begun is brought to its end.
   * @param settled - Resolves when the servers have got over what happened last.
   * @param calmMs - How long nothing happens between two rounds.
   */
  async run(until: number, settled: () => Promise<void>, calmMs: number): Promise<void> {
    for (;;) {
      await settled()
      if (now() >= until) return
      await Promise.all(this.#schedule.round().map((planned) => this.#inflict(planned)))
      if (now() + calmMs >= until) return
      await delay(calmMs)
    }
  }

  async #inflict({ fault, from, to }: Planned): Promise<void> {
    await delay(from)
    const began = now()
    const heal = await fault.strike(this.#scene)
    await delay(Math.max(0, to - from - (now() - began)))
    await heal()
    this.windows.push({ fault: fault.name, from: began, to: now() })
  }
}
