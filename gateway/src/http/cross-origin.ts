import type { ServerResponse } from 'node:http'
import type { RequestHeaders } from './request-headers.js'

/** What a page may read of an answer beside its content. */
const EXPOSED = 'mcp-session-id, mcp-protocol-version, www-authenticate'
/** Seconds for which a browser may keep the answer to a preflight. */
const PREFLIGHT_SECONDS = 600

const HEADER_NAMES = /^[a-z0-9-]+(?: *, *[a-z0-9-]+)*$/i

/** Lets a web page of an allowed origin read the answer (WHATWG Fetch, CORS protocol). */
export function shareWith(origin: string, response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('access-control-expose-headers', EXPOSED)
  response.setHeader('vary', 'origin')
}

/** Whether this is a browser's question before the request itself. It carries no credentials. */
export function isPreflight(method: string | undefined, headers: RequestHeaders): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
}

/** Answers it: the request itself goes through every check. */
export function answerPreflight(headers: RequestHeaders, response: ServerResponse): undefined {
  const asked = headers.get('access-control-request-headers') ?? ''
  response.setHeader('access-control-allow-methods', 'POST, GET, DELETE')
  if (HEADER_NAMES.test(asked)) response.setHeader('access-control-allow-headers', asked)
  response.setHeader('access-control-max-age', PREFLIGHT_SECONDS)
  response.writeHead(204).end()
}
