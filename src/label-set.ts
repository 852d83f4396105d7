import { inspect } from 'node:util'

import { kindOf } from './invalid-argument.js'
import { compareUtf8, ILL_FORMED, utf8Length } from './utf8.js'

/** Known to this module alone: only {@link ReadonlyLabelSet.from} can construct. */
const construction = Symbol('ReadonlyLabelSet')

/**
 * A set of labels that nobody can change: not its holder, not a subclass, not a patched prototype.
 *
 * A frozen `Set` would not do, since `Set.prototype.clear` still empties it, and one set is shared by every
 * caller that loads the same labels (`docs/soundness.md`, line 26). So the members live behind a private field,
 * and no array or `Set` of ours is ever handed out, not even as the `this` of a built-in method.
 *
 * Iteration is in the order of the labels' UTF-8 bytes: the same on every node, whatever the store answered.
 */
export class ReadonlyLabelSet implements Iterable<string> {
  static readonly #empty = new ReadonlyLabelSet([], construction)
  readonly #members: readonly string[]

  private constructor(members: readonly string[], token: symbol) {
    if (token !== construction || new.target !== ReadonlyLabelSet) {
      throw new TypeError(
        'ReadonlyLabelSet cannot be constructed or extended; use ReadonlyLabelSet.from(labels)',
      )
    }
    this.#members = members
    Object.freeze(this)
  }

  /**
   * The set of the given labels; duplicates collapse. Labels beyond the write limits, the empty one too, are
   * kept: a set shows what a store holds, whoever wrote it.
   *
   * @throws {TypeError} for a member that is no string or has a lone surrogate, and for a plain string.
   */
  static from(this: void, labels: Iterable<string>): ReadonlyLabelSet {
    if (ReadonlyLabelSet.is(labels)) return labels
    if (typeof labels === 'string') throw new TypeError('labels: found a string; pass [label]')
    const members: string[] = []
    let sorted = true
    for (const label of labels as Iterable<unknown>) {
      if (typeof label !== 'string') throw new TypeError(`labels: expected strings, found ${kindOf(label)}`)
      if (utf8Length(label) === ILL_FORMED) throw new TypeError('labels: a label has a lone surrogate')
      const last = members.at(-1)
      sorted &&= last === undefined || compareUtf8(last, label) < 0
      members.push(label)
    }
    if (members.length === 0) return ReadonlyLabelSet.#empty
    return new ReadonlyLabelSet(sorted ? members : sortDistinct(members), construction)
  }

  /** Whether `value` is a genuine label set: one that {@link from} made, not an object that looks like one. */
  static is(this: void, value: unknown): value is ReadonlyLabelSet {
    return typeof value === 'object' && value !== null && #members in value
  }

  /** How many labels the set holds. */
  get size(): number {
    return this.#members.length
  }

  /** Whether the set holds exactly this label, byte for byte. Anything but a string is not held. */
  has(label: string): boolean {
    if (typeof label !== 'string') return false
    let low = 0
    let high = this.#members.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const order = compareUtf8(this.#members[middle] as string, label)
      if (order === 0) return true
      if (order < 0) low = middle + 1
      else high = middle
    }
    return false
  }

  /** The labels, ordered by their UTF-8 bytes. */
  *values(): IterableIterator<string> {
    // By index: `yield*` would call Array.prototype[Symbol.iterator] with our own array as `this`.
    for (let index = 0; index < this.#members.length; index++) yield this.#members[index] as string
  }

  /** As {@link values}. */
  [Symbol.iterator](): IterableIterator<string> {
    return this.values()
  }

  /** A new array of the labels, so that `JSON.stringify` shows them. */
  toJSON(): string[] {
    const labels: string[] = []
    for (let index = 0; index < this.#members.length; index++) labels[index] = this.#members[index] as string
    return labels
  }

  static {
    // A logged object must not tell what a session has seen, and without this it would look empty.
    const show = (set: object): string =>
      #members in set ? `ReadonlyLabelSet(${set.#members.length})` : '[prototype]'
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: object): string {
        return show(this)
      },
    })
    Object.freeze(this.prototype)
    Object.freeze(this)
  }
}

function sortDistinct(labels: string[]): readonly string[] {
  labels.sort(compareUtf8)
  return labels.filter((label, index) => index === 0 || label !== labels[index - 1])
}
