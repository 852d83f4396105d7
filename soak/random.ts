/** Random numbers that a seed decides: the same seed, the same run of numbers on every machine. */
export class Random {
  #state: number

  /** @param seed - Any whole number; only its lower 32 bits count. */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** In [0, 1). The generator mulberry32: 32 bits of state, every state visited once. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** In [`from`, `to`). */
  between(from: number, to: number): number {
    return from + this.next() * (to - from)
  }

  /** A whole number in [0, `below`). */
  below(below: number): number {
    return Math.floor(this.next() * below)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** @throws When there is nothing to pick from. */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new Error('nothing to pick from')
    return items[this.below(items.length)] as Item
  }

  /** A generator of its own, so that what one part draws does not shift what another one gets. */
  fork(): Random {
    return new Random(this.next() * 2 ** 32)
  }
}
