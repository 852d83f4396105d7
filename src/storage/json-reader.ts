/** A field of an object, in the order of the text; a key may stand twice. */
export type JsonField = readonly [key: string, value: JsonValue]

/** A JSON value that still shows how it was written. */
export type JsonValue =
  | { readonly kind: 'object'; readonly fields: readonly JsonField[] }
  | { readonly kind: 'array'; readonly items: readonly JsonValue[] }
  | { readonly kind: 'string'; readonly text: string }
  /** A number, `true`, `false` or `null`, as written. */
  | { readonly kind: 'scalar'; readonly source: string }

/** Nesting that the other readers of these texts take, too. */
const MAX_DEPTH = 127

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y
const SCALAR = /[^\s,\]}]+/y
const SPACE = /[ \t\n\r]*/y

/**
 * Reads JSON without the two liberties of `JSON.parse`: of a key that stands twice it keeps the last value, and a
 * number it rounds. Both would let a text mean one thing here and another to a reader that refuses them.
 */
export class JsonReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** The value, or `undefined` when the text is no JSON or nests too deep. */
  read(): JsonValue | undefined {
    try {
      JSON.parse(this.#text) // settles the grammar, so that what follows need not
    } catch {
      return undefined
    }
    return this.#value(0)
  }

  #value(depth: number): JsonValue | undefined {
    if (depth > MAX_DEPTH) return undefined
    this.#match(SPACE)
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
        return { kind: 'string', text: this.#string() }
      default:
        return { kind: 'scalar', source: this.#match(SCALAR) }
    }
  }

  #object(depth: number): JsonValue | undefined {
    const fields: JsonField[] = []
    while (this.#more('}')) {
      const key = this.#string()
      this.#match(SPACE)
      this.#at += 1 // the colon
      const value = this.#value(depth + 1)
      if (value === undefined) return undefined
      fields.push([key, value])
    }
    return { kind: 'object', fields }
  }

  #array(depth: number): JsonValue | undefined {
    const items: JsonValue[] = []
    while (this.#more(']')) {
      const item = this.#value(depth + 1)
      if (item === undefined) return undefined
      items.push(item)
    }
    return { kind: 'array', items }
  }

  /** Steps over the opening bracket or a comma; over `end` too, and then there is no more. */
  #more(end: string): boolean {
    this.#match(SPACE)
    if (this.#text[this.#at] !== end) this.#at += 1
    this.#match(SPACE)
    if (this.#text[this.#at] !== end) return true
    this.#at += 1
    return false
  }

  #string(): string {
    return JSON.parse(this.#match(STRING)) as string
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const matched = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += matched.length
    return matched
  }
}
