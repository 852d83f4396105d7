import type { PhaseOutcome } from 'indelible/enforcement'
import type { Era } from './era.js'
import type { RpcMessage } from './message.js'
import { errorReply, RpcCode, toolDenialReply } from './reply.js'
import type { RpcErrorData } from './reply.js'

/** An answer of the gateway itself. */
export interface Reply {
  readonly status: number
  readonly body: string
}

type Denied = Extract<PhaseOutcome, { continue: false }>

/**
 * The answer to a message that may not pass.
 *
 * A denied tool call is a tool result, so that the model learns of it; a failure of the store or of the
 * engine is an error, so that nobody takes it for a decision about the call.
 */
export function violationReply(message: RpcMessage, era: Era, { violation, error }: Denied): Reply {
  switch (violation.code) {
    case 'session.load_failed':
    case 'session.persist_failed': {
      const cause =
        error === undefined ? {} : { code: error.code, retryable: error.retryable, ...reasonOf(error.reason) }
      return failureReply(message, RpcCode.StoreFailure, 'Denied: the session labels are not available.', {
        reason: violation.code,
        ...cause,
      })
    }
    case 'policy.failed':
      return failureReply(message, RpcCode.EngineFailure, 'Denied: the policy could not be evaluated.', {
        reason: violation.code,
      })
    default:
      if (message.kind === 'request' && message.method === 'tools/call') {
        return {
          status: 200,
          body: toolDenialReply(message.id, violation.code, violation.message, era === 'modern'),
        }
      }
      return failureReply(message, RpcCode.Denied, violation.message, { reason: violation.code })
  }
}

/**
 * A JSON-RPC error under HTTP 200 for a request. Notifications and answers have no reply to carry it, so for
 * them the code is the HTTP status.
 */
export function failureReply(message: RpcMessage, code: number, text: string, data?: RpcErrorData): Reply {
  if (message.kind === 'request') return { status: 200, body: errorReply(message.id, code, text, data) }
  return { status: code >= 400 ? code : 400, body: errorReply(undefined, code, text, data) }
}

function reasonOf(reason: string | undefined): RpcErrorData {
  return reason === undefined ? {} : { cause: reason }
}
