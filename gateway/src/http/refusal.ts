import type { ServerResponse } from 'node:http'
import type { RequestId } from '../rpc/message.js'
import { errorReply, RpcCode } from '../rpc/reply.js'

/** Why a request goes no further, as an HTTP answer. `message` is ours: it quotes nothing that was sent. */
export interface Refusal {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly headers?: Readonly<Record<string, string>>
  readonly id?: RequestId | undefined
}

export function refusal(
  status: number,
  message: string,
  headers?: Readonly<Record<string, string>>,
): Refusal {
  const code = status === 400 || status === 413 ? RpcCode.InvalidRequest : RpcCode.Refused
  return headers === undefined ? { status, code, message } : { status, code, message, headers }
}

/** @param allow the methods that are served, for the header of that name. */
export function methodNotAllowed(allow: string): Refusal {
  return refusal(405, 'this HTTP method is not served here', { allow })
}

export function sendRefusal(response: ServerResponse, refused: Refusal): void {
  sendJson(response, refused.status, errorReply(refused.id, refused.code, refused.message), refused.headers)
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: string,
  headers?: Readonly<Record<string, string>>,
): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(body)
}
