import type { IncomingMessage, ServerResponse } from 'node:http'
import { publishAlarm } from './alarm.js'
import type { CallerKeys } from './caller-keys.js'
import { admit } from './http/admission.js'
import type { AdmissionRules, Admitted } from './http/admission.js'
import { methodNotAllowed, sendJson, sendRefusal } from './http/refusal.js'
import { bodyHeadersRefusal, readBody } from './http/request-body.js'
import { forwardedHeaders } from './http/request-headers.js'
import type { JudgedCall, Judgement } from './judgement.js'
import type { ResultLabels } from './labels/result-labels.js'
import type { PolicyArguments } from './policy/policy-arguments.js'
import { eraOf } from './rpc/era.js'
import type { Era } from './rpc/era.js'
import { readMessage } from './rpc/message.js'
import type { RequestId, RpcMessage } from './rpc/message.js'
import { LISTEN } from './rpc/method-allow-list.js'
import type { MethodAllowList, MethodRule } from './rpc/method-allow-list.js'
import { mirroredHeadersProblem } from './rpc/mirrored-headers.js'
import { errorReply, RpcCode } from './rpc/reply.js'
import { parseStrictObject } from './rpc/strict-json.js'
import { failureReply, violationReply } from './rpc/violation-reply.js'
import type { Reply } from './rpc/violation-reply.js'
import { SessionStreams } from './session-streams.js'
import { HeldExchange } from './upstream/held-response.js'
import { relayTo } from './upstream/relayed-response.js'
import { statusOf } from './upstream/response-check.js'
import type { UpstreamFailure } from './upstream/response-check.js'
import { carriesContent, resolveTargets } from './upstream/target.js'
import type { UpstreamRequest } from './upstream/upstream.js'

/** What requests are handled with. */
export interface RequestHandling {
  readonly admission: AdmissionRules
  readonly keys: CallerKeys
  readonly methods: MethodAllowList
  readonly policyArguments: PolicyArguments
  readonly judgement: Judgement
  readonly storeKind: string
}

/** A message that is one, in the era of its sender. */
interface Received extends Admitted {
  readonly message: RpcMessage
  readonly era: Era
  readonly body: Buffer
}

/**
 * The way of a request through the gateway; each step has an exit.
 *
 *     headers, host, origin      400 403
 *     preflight of a browser     204
 *     authentication             401
 *     path, HTTP method          404 405
 *     body: size, encoding       400 413 415
 *     strict JSON, one message   400
 *     mirrored headers           400 (-32020)
 *     method allow-list          error 403
 *     listed target              error -32602
 *     load labels                error 503
 *     policy                     tool result with isError, or error 403; error 500
 *     append labels              error 503
 *     forward                    error 502 504
 *     hold, append labels        error 502 503
 *     release
 */
export class RequestHandler {
  readonly #with: RequestHandling
  readonly #streams: SessionStreams

  constructor(handling: RequestHandling) {
    this.#with = handling
    this.#streams = new SessionStreams(handling.keys, handling.judgement)
  }

  /** Answers one request. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response)
    } catch {
      publishAlarm('gateway_internal_error', this.#with.storeKind, {})
      if (response.headersSent) response.destroy()
      else sendJson(response, 500, errorReply(undefined, RpcCode.EngineFailure, 'The gateway failed.'))
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const admitted = admit(request, response, this.#with.admission)
    if (admitted === undefined) return
    const { method } = request
    if (method === 'POST') return this.#post(request, admitted)
    if (method === 'GET' || method === 'DELETE') return this.#streams.handle(method, admitted)
    return sendRefusal(response, methodNotAllowed('POST, GET, DELETE'))
  }

  async #post(request: IncomingMessage, admitted: Admitted): Promise<void> {
    const { response, headers } = admitted
    const unfit = bodyHeadersRefusal(headers)
    if (unfit !== undefined) return sendRefusal(response, unfit)
    const read = await readBody(request)
    if (!read.ok) return read.refusal === undefined ? undefined : sendRefusal(response, read.refusal)

    const parsed = parseStrictObject(read.body)
    if (!parsed.ok) return refuseBody(response, RpcCode.ParseError, parsed.problem)
    const checked = readMessage(parsed.value)
    if (!checked.ok) return refuseBody(response, RpcCode.InvalidRequest, checked.problem, checked.id)
    const { message } = checked

    const mirrored = {
      version: headers.get('mcp-protocol-version'),
      method: headers.get('mcp-method'),
      name: headers.get('mcp-name'),
    }
    const era = eraOf(mirrored.version, message)
    const id = message.kind === 'request' ? message.id : undefined
    const mismatch = mirroredHeadersProblem(era, mirrored, message)
    if (mismatch !== undefined)
      return refuseBody(response, RpcCode.HeaderMismatch, `Header mismatch: ${mismatch}`, id)
    if (era === 'modern' && message.kind === 'response') {
      return refuseBody(response, RpcCode.InvalidRequest, 'since 2026-07-28 a client sends no responses')
    }
    return this.#receive({ ...admitted, message, era, body: read.body })
  }

  async #receive(received: Received): Promise<void> {
    const { response, principal, upstream, message } = received
    const { keys, policyArguments, judgement } = this.#with

    const rule = this.#rule(received)
    if (rule === 'denied') {
      const data = { reason: 'method.denied' }
      return send(
        response,
        failureReply(message, RpcCode.Denied, 'Denied: this method is not allowed here.', data),
      )
    }
    if (rule === 'plain') return this.#relay(received)

    const caller = keys.read(received, message.kind === 'response' ? message.outcome : message.params)
    if (!caller.ok) return sendRefusal(response, caller.refusal)
    const resolved = resolveTargets(message, upstream.name, upstream.catalogue, policyArguments)
    if (!resolved.ok)
      return send(response, failureReply(message, RpcCode.InvalidParams, `Refused: ${resolved.problem}.`))

    const { targets } = resolved
    const call: JudgedCall = { principal, keys: caller.keys, upstream: upstream.name, targets }
    const outcome = await judgement.before(call)
    if (!outcome.continue) return send(response, violationReply(message, received.era, outcome))
    if (response.destroyed) return // the client is gone: its labels are kept, its call is not made

    const { resultLabels } = targets[0].listing
    return resultLabels === undefined ? this.#relay(received) : this.#hold(received, call, resultLabels)
  }

  #rule({ message, era, upstream }: Received): MethodRule {
    if (message.kind === 'response') return carriesContent(message.outcome) ? 'judged' : 'plain'
    // The modern counterpart of the stream that GET opens.
    if (message.method === LISTEN && upstream.catalogue.holdsResults) return 'denied'
    return this.#with.methods.rule(message.method, era)
  }

  #relay(received: Received): void {
    const { response, message, upstream } = received
    upstream.dispatch(
      upstreamRequest(received),
      relayTo(response, (failure) => send(response, upstreamFailureReply(message, failure))),
    )
  }

  async #hold(received: Received, call: JudgedCall, resultLabels: ResultLabels): Promise<void> {
    const { response, message, era, upstream } = received
    const exchange = new HeldExchange(response)
    upstream.dispatch(upstreamRequest(received), exchange)
    const result = await exchange.result
    if (!result.ok) return send(response, upstreamFailureReply(message, result.failure))

    const { status, headers, body, messages } = result.held
    const earned = resultLabels.labelsOf(messages)
    if (earned.length > 0) {
      const outcome = await this.#with.judgement.after(call, earned)
      if (!outcome.continue) return send(response, violationReply(message, era, outcome))
    }
    if (response.destroyed) return
    response.writeHead(status, headers)
    response.end(body)
  }
}

function upstreamRequest({ headers, upstream, body }: Received): UpstreamRequest {
  return { method: 'POST', headers: forwardedHeaders(headers, upstream.headers), body }
}

function upstreamFailureReply(message: RpcMessage, failure: UpstreamFailure): Reply {
  return failureReply(message, statusOf(failure), 'The upstream gave no answer that can be passed on.', {
    reason: `upstream.${failure}`,
  })
}

function refuseBody(response: ServerResponse, code: number, message: string, id?: RequestId): void {
  sendRefusal(response, { status: 400, code, message, id })
}

function send(response: ServerResponse, { status, body }: Reply): void {
  sendJson(response, status, body)
}
