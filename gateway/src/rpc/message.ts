import { foldCase, type JsonObject } from './strict-json.js'

/** A request id: a string, or an integer that a double holds exactly. */
export type RequestId = string | number

export interface RpcRequest {
  readonly kind: 'request'
  readonly id: RequestId
  readonly method: string
  readonly params: JsonObject
}

export interface RpcNotification {
  readonly kind: 'notification'
  readonly method: string
  readonly params: JsonObject
}

/** The client's answer to a request of the server: elicitation, sampling, roots, ping. */
export interface RpcResponse {
  readonly kind: 'response'
  readonly id: RequestId
  readonly outcome: unknown
}

/** The three shapes of a JSON-RPC 2.0 message. */
export type RpcMessage = RpcRequest | RpcNotification | RpcResponse

export type RpcMessageCheck =
  | { readonly ok: true; readonly message: RpcMessage }
  | { readonly ok: false; readonly problem: string; readonly id?: RequestId }

const MEMBERS = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])

/**
 * What the gateway reads from `params`, and from the objects in it. Another spelling could mean the same to the upstream
 * and nothing here.
 */
const INSPECTED_PARAMS = spellings(
  '_meta',
  'name',
  'uri',
  'arguments',
  'argument',
  'ref',
  'context',
  'notifications',
  'task',
  'inputResponses',
  'requestState',
)
const INSPECTED_WITHIN: readonly (readonly [string, ReadonlyMap<string, string>])[] = [
  ['ref', spellings('type', 'name', 'uri')],
  ['argument', spellings('name', 'value')],
  ['context', spellings('arguments')],
  ['notifications', spellings('resourceSubscriptions')],
]

const NO_PARAMS: JsonObject = Object.freeze({})
const NO_OBJECT = '`params` must be an object'

/** Tells which JSON-RPC message an object is; anything but exactly one of the three shapes is refused. */
export function readMessage(value: JsonObject): RpcMessageCheck {
  const id = isRequestId(value['id']) ? value['id'] : undefined
  const problem = envelopeProblem(value) ?? paramsProblem(value['params'])
  if (problem !== undefined) return id === undefined ? { ok: false, problem } : { ok: false, problem, id }

  const method = value['method']
  if (typeof method === 'string') {
    const params = (value['params'] as JsonObject | undefined) ?? NO_PARAMS
    if (id === undefined) return { ok: true, message: { kind: 'notification', method, params } }
    return { ok: true, message: { kind: 'request', id, method, params } }
  }
  if (id === undefined) return { ok: false, problem: 'a response needs an `id`' }
  const outcome = Object.hasOwn(value, 'result') ? value['result'] : value['error']
  return { ok: true, message: { kind: 'response', id, outcome } }
}

function envelopeProblem(value: JsonObject): string | undefined {
  if (value['jsonrpc'] !== '2.0') return '`jsonrpc` must be "2.0"'
  for (const member of Object.keys(value)) {
    if (!MEMBERS.has(member)) return 'the message has a member that JSON-RPC 2.0 does not define'
  }
  const hasId = Object.hasOwn(value, 'id')
  if (hasId && !isRequestId(value['id'])) return '`id` must be a string or an integer within 2^53'

  const hasResult = Object.hasOwn(value, 'result')
  const hasError = Object.hasOwn(value, 'error')
  if (Object.hasOwn(value, 'method')) {
    if (typeof value['method'] !== 'string' || value['method'] === '') return '`method` must be a string'
    if (hasResult || hasError) return 'a message with a `method` has neither `result` nor `error`'
    if (value['method'].startsWith('notifications/') === hasId) {
      return hasId ? 'a notification has no `id`' : 'a request needs an `id`'
    }
    return undefined
  }
  if (hasResult === hasError) return 'the message needs a `method`, or exactly one of `result` and `error`'
  return Object.hasOwn(value, 'params') ? 'a response has no `params`' : undefined
}

function paramsProblem(params: unknown): string | undefined {
  if (params === undefined) return undefined
  if (!isObject(params)) return NO_OBJECT
  const problem = spellingProblem(params, INSPECTED_PARAMS)
  if (problem !== undefined) return problem
  for (const [name, inspected] of INSPECTED_WITHIN) {
    const inner = Object.hasOwn(params, name) ? params[name] : undefined
    const misspelt = isObject(inner) ? spellingProblem(inner, inspected) : undefined
    if (misspelt !== undefined) return misspelt
  }
  return undefined
}

function spellingProblem(value: JsonObject, inspected: ReadonlyMap<string, string>): string | undefined {
  for (const key of Object.keys(value)) {
    const name = inspected.get(foldCase(key))
    if (name !== undefined && name !== key) return `\`${name}\` is spelt in another case`
  }
  return undefined
}

/** Names by the form that all their spellings share. */
function spellings(...names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [foldCase(name), name]))
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isRequestId(id: unknown): id is RequestId {
  return typeof id === 'string' || Number.isSafeInteger(id)
}
