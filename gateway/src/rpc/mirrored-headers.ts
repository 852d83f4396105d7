import { isUtf8 } from 'node:buffer'
import { bodyVersion, type Era } from './era.js'
import type { RpcMessage } from './message.js'

/** The request headers that repeat parts of the body, so that intermediaries can route without parsing it. */
export interface MirroredHeaders {
  readonly version: string | undefined
  readonly method: string | undefined
  readonly name: string | undefined
}

/** The member of `params` that `Mcp-Name` repeats (MCP 2026-07-28, Streamable HTTP, Standard Request Headers). */
const NAME_SOURCE: ReadonlyMap<string, 'name' | 'uri'> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['resources/subscribe', 'uri'],
  ['resources/unsubscribe', 'uri'],
])

/**
 * What is wrong with the mirrored headers; the answer is then 400 with code -32020.
 *
 * A modern request must carry them. Whoever sends them in either era must send what the body says: a router
 * that trusts the header and a server that executes the body would otherwise see two different calls.
 */
export function mirroredHeadersProblem(
  era: Era,
  headers: MirroredHeaders,
  message: RpcMessage,
): string | undefined {
  if (message.kind === 'response') {
    if (headers.method !== undefined) return 'Mcp-Method beside an answer, which has no method'
    return headers.name === undefined ? undefined : 'Mcp-Name beside an answer, which has no name'
  }
  const required = era === 'modern' && message.kind === 'request'

  const version = bodyVersion(message.params)
  if (required && headers.version === undefined) return 'MCP-Protocol-Version is missing'
  if (required && version === undefined) return 'the body states no protocol version in `_meta`'
  if (version !== undefined && version !== headers.version)
    return 'MCP-Protocol-Version does not equal the body'

  if (required && headers.method === undefined) return 'Mcp-Method is missing'
  if (headers.method !== undefined && headers.method !== message.method)
    return 'Mcp-Method does not equal the body'

  const source = NAME_SOURCE.get(message.method)
  const name = source === undefined ? undefined : message.params[source]
  if (required && name !== undefined && headers.name === undefined) return 'Mcp-Name is missing'
  if (headers.name !== undefined && decodeHeaderValue(headers.name) !== name)
    return 'Mcp-Name does not equal the body'
  return undefined
}

const ENCODED = /^=\?base64\?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\?=$/

/** The text a header value stands for: itself, or what its Base64 form holds; undefined if ill-formed. */
function decodeHeaderValue(value: string): string | undefined {
  if (!value.startsWith('=?base64?')) return value
  const encoded = ENCODED.exec(value)?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}
