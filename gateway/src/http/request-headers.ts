import type { Refusal } from './refusal.js'
import { refusal } from './refusal.js'

/** Header names in lower case with the one value each had. */
export type RequestHeaders = ReadonlyMap<string, string>

export type RequestHeadersCheck =
  | { readonly ok: true; readonly headers: RequestHeaders }
  | { readonly ok: false; readonly refusal: Refusal }

/** The only headers this gateway takes more than once; the values are joined as HTTP says. */
const LISTS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'via',
  'cookie',
  'forwarded',
])

/**
 * Reads raw headers, each name once.
 *
 * Servers disagree on which of two equal headers counts, so a repeated one is refused: the first could pass
 * the checks here and the second be obeyed behind.
 */
export function readHeaders(raw: readonly string[]): RequestHeadersCheck {
  const headers = new Map<string, string>()
  for (let at = 0; at < raw.length; at += 2) {
    const [name = '', value = ''] = [raw[at]?.toLowerCase(), raw[at + 1]]
    const before = headers.get(name)
    if (before === undefined) headers.set(name, value)
    else if (LISTS.has(name) || name.startsWith('x-forwarded-')) headers.set(name, `${before}, ${value}`)
    else return { ok: false, refusal: refusal(400, 'a request header is repeated') }
  }
  return { ok: true, headers }
}

const FORWARDED: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'user-agent',
  'traceparent',
  'tracestate',
  'baggage',
])

/**
 * The headers an upstream gets: those of MCP, of content negotiation and of tracing.
 *
 * A list of what passes, not of what does not: the client's credentials stay here, under whatever name.
 */
export function forwardedHeaders(
  headers: RequestHeaders,
  added: Readonly<Record<string, string>>,
): Record<string, string> {
  const forwarded: Record<string, string> = {}
  for (const [name, value] of headers) {
    if (FORWARDED.has(name) || name.startsWith('mcp-')) forwarded[name] = value
  }
  forwarded['accept-encoding'] = 'identity' // what cannot be read cannot be judged
  return Object.assign(forwarded, added)
}
