import type { IncomingHttpHeaders } from 'undici/types/header.js'
import { RpcCode } from '../rpc/reply.js'

/** Why an exchange with an upstream brought no answer that may be passed on. */
export type UpstreamFailure =
  | 'unreachable'
  | 'timeout'
  | 'status'
  | 'encoding'
  | 'undecodable'
  | 'too-large'
  | 'interactive'

/** The code, of HTTP or of JSON-RPC, that tells a client of a failure. */
export function statusOf(failure: UpstreamFailure): number {
  return failure === 'timeout' ? RpcCode.UpstreamTimeout : RpcCode.UpstreamFailure
}

export type ResponseCheck =
  | { readonly ok: true; readonly headers: Record<string, string> }
  | { readonly ok: false; readonly failure: UpstreamFailure }

const PASSED: ReadonlySet<string> = new Set([
  'allow',
  'cache-control',
  'content-length',
  'content-type',
  'retry-after',
  'x-accel-buffering',
])

/** Statuses about our own standing with the upstream; a client could only misread them as being about its own. */
const OURS: ReadonlySet<number> = new Set([401, 403, 407])

/**
 * Checks the head of an upstream's answer and picks the headers that pass: those of MCP and of the content.
 * Redirects, server errors, refused credentials and encoded bodies do not pass.
 */
export function checkResponse(status: number, headers: IncomingHttpHeaders): ResponseCheck {
  if ((status >= 300 && status < 400) || status >= 500 || OURS.has(status))
    return { ok: false, failure: 'status' }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') return { ok: false, failure: 'encoding' }

  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && (PASSED.has(name) || name.startsWith('mcp-'))) passed[name] = value
  }
  return { ok: true, headers: passed }
}
