import type { Random } from '../random.js'
import type { Fault } from './fault.js'

/** When a fault of a round strikes and is undone, in milliseconds from the round's beginning. */
export interface Planned {
  readonly fault: Fault
  readonly from: number
  readonly to: number
}

/** How many faults of kind `access` may overlap with one of kind `data`. */
const MOST_ACCESS_FAULTS = 2
/** How long after the beginning of a round its last fault strikes, in milliseconds. */
const SPREAD_MS = 1_500

/** Rounds of overlapping faults, decided by a seed. Every fault comes once before any comes again. */
export class Schedule {
  readonly #random: Random
  readonly #data: Deck
  readonly #access: Deck

  constructor(random: Random, faults: readonly Fault[]) {
    this.#random = random
    this.#data = new Deck(
      random.fork(),
      faults.filter(({ kind }) => kind === 'data'),
    )
    this.#access = new Deck(
      random.fork(),
      faults.filter(({ kind }) => kind === 'access'),
    )
  }

  round(): readonly Planned[] {
    const count = 1 + this.#random.below(MOST_ACCESS_FAULTS)
    const faults = [this.#data.draw(), ...Array.from({ length: count }, () => this.#access.draw())]
    return faults
      .flatMap((fault) => fault ?? [])
      .map((fault) => {
        const from = this.#random.between(0, SPREAD_MS)
        return { fault, from, to: from + this.#random.between(...fault.lasts) }
      })
  }
}

/** Hands out all of its cards in an order of chance, then shuffles them anew. */
class Deck {
  readonly #random: Random
  readonly #cards: readonly Fault[]
  #left: Fault[] = []

  constructor(random: Random, cards: readonly Fault[]) {
    this.#random = random
    this.#cards = cards
  }

  draw(): Fault | undefined {
    if (this.#left.length === 0) this.#left = [...this.#cards]
    return this.#left.splice(this.#random.below(this.#left.length), 1)[0]
  }
}
