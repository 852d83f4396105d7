import { isUtf8 } from 'node:buffer'

/** A JSON object as parsed. Own properties only are meaningful. */
export type JsonObject = Readonly<Record<string, unknown>>

/** A body that every parser reads alike, or the reason why it is none. */
export type StrictJson =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly problem: string }

/** Deepest nesting of objects and arrays: parsers with a recursion limit start to differ above it. */
export const MAX_JSON_DEPTH = 128

/**
 * Parses a body that must be exactly one JSON object with one possible meaning.
 *
 * What the gateway judges and what the upstream executes come from two parsers, so whatever two parsers
 * may read differently is refused: ill-formed UTF-8, a byte order mark, a lone surrogate, a repeated key.
 * In the envelope and in `params` keys must differ in more than case, because some decoders ignore case.
 */
export function parseStrictObject(body: Buffer): StrictJson {
  if (body.length === 0) return refused('the body is empty')
  if (!isUtf8(body)) return refused('the body is not well-formed UTF-8')
  const text = body.toString('utf8')
  if (text.charCodeAt(0) === 0xfeff) return refused('the body starts with a byte order mark')

  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refused('the body is not valid JSON')
  }
  if (Array.isArray(value)) return refused('batches are not supported: send one message a request')
  if (typeof value !== 'object' || value === null) return refused('the body is not a JSON object')

  const problem = ambiguity(text)
  return problem === undefined ? { ok: true, value: value as JsonObject } : refused(problem)
}

/** One form for all spellings of a key that a case-ignoring decoder takes for the same one. */
export function foldCase(key: string): string {
  // Upper case first: U+017F and U+212A fold onto `s` and `k` only on this way.
  return key.toUpperCase().toLowerCase()
}

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Depth up to which keys must differ in more than case: the envelope is 1, `params` is 2. */
const FOLDED_DEPTH = 2

/** Scans valid JSON for what parsers disagree about. One pass, no recursion. */
function ambiguity(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [] // the keys of each open object; undefined for an array
  let keyNext = false

  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case OPEN_BRACE:
      case OPEN_BRACKET:
        keyNext = text.charCodeAt(at) === OPEN_BRACE
        if (open.push(keyNext ? new Set() : undefined) > MAX_JSON_DEPTH)
          return 'the body is nested too deeply'
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        open.pop()
        keyNext = false
        break
      case COMMA:
        keyNext = open.at(-1) !== undefined
        break
      case QUOTE: {
        const end = endOfString(text, at)
        const raw = text.slice(at + 1, end)
        const content = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
        if (content !== raw && /\p{Surrogate}/u.test(content)) return 'a string holds a lone surrogate'
        const keys = keyNext ? open.at(-1) : undefined
        if (keys !== undefined) {
          const form = open.length <= FOLDED_DEPTH ? foldCase(content) : content
          if (keys.has(form)) return 'an object repeats a key'
          keys.add(form)
          keyNext = false
        }
        at = end
        break
      }
    }
  }
  return undefined
}

/** The index of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(at)) {
    at += code === BACKSLASH ? 2 : 1
  }
  return at
}

function refused(problem: string): StrictJson {
  return { ok: false, problem }
}
