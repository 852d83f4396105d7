import type { RequestId } from './message.js'

/** JSON-RPC error codes the gateway answers with. */
export const RpcCode = {
  ParseError: -32700,
  InvalidRequest: -32600,
  InvalidParams: -32602,
  /** MCP 2026-07-28: the mirrored headers do not equal the body. */
  HeaderMismatch: -32020,
  /** Refused before the message was looked at: host, origin, authentication, path. */
  Refused: -32000,
  Denied: 403,
  EngineFailure: 500,
  UpstreamFailure: 502,
  StoreFailure: 503,
  UpstreamTimeout: 504,
} as const

/** Further facts of an error, machine-readable. Never an id, a label, a token or an argument. */
export type RpcErrorData = Readonly<Record<string, string | number | boolean>>

/** The text of a JSON-RPC error. Without an id the member is left out, as MCP prescribes. */
export function errorReply(
  id: RequestId | undefined,
  code: number,
  message: string,
  data?: RpcErrorData,
): string {
  const error = data === undefined ? { code, message } : { code, message, data }
  return JSON.stringify(id === undefined ? { jsonrpc: '2.0', error } : { jsonrpc: '2.0', id, error })
}

/** The text of a tool result that tells the model why its call was refused, so that it can react to it. */
export function toolDenialReply(id: RequestId, code: string, message: string, modern: boolean): string {
  const result = {
    ...(modern && { resultType: 'complete' }), // required since 2026-07-28, unknown before
    content: [{ type: 'text', text: message }],
    isError: true,
    _meta: { 'indelible/violation': code },
  }
  return JSON.stringify({ jsonrpc: '2.0', id, result })
}
