import type { IncomingMessage, ServerResponse } from 'node:http'
import { resolveSession } from 'indelible/enforcement'
import { publishAlarm } from './alarm.js'
import type { BearerAuthentication } from './http/authentication.js'
import { hostRefusal } from './http/host-check.js'
import { originRefusal } from './http/origin-check.js'
import { refusal, sendJson, sendRefusal } from './http/refusal.js'
import type { Refusal } from './http/refusal.js'
import { bodyHeadersRefusal, readBody } from './http/request-body.js'
import { forwardedHeaders, readHeaders } from './http/request-headers.js'
import type { RequestHeaders } from './http/request-headers.js'
import type { SessionSource } from './http/session-source.js'
import type { JudgedCall, Judgement } from './judgement.js'
import type { ResultLabels } from './labels/result-labels.js'
import type { PolicyArguments } from './policy/policy-arguments.js'
import { eraOf, eraOfVersion } from './rpc/era.js'
import type { Era } from './rpc/era.js'
import { readMessage } from './rpc/message.js'
import type { RequestId, RpcMessage } from './rpc/message.js'
import type { MethodAllowList } from './rpc/method-allow-list.js'
import { mirroredHeadersProblem } from './rpc/mirrored-headers.js'
import { errorReply, RpcCode } from './rpc/reply.js'
import { parseStrictObject } from './rpc/strict-json.js'
import { failureReply, violationReply } from './rpc/violation-reply.js'
import type { Reply } from './rpc/violation-reply.js'
import { HeldExchange } from './upstream/held-response.js'
import { relayTo } from './upstream/relayed-response.js'
import type { UpstreamFailure } from './upstream/response-check.js'
import { carriesContent, resolveTargets } from './upstream/target.js'
import type { Upstream, UpstreamRequest } from './upstream/upstream.js'

/** What requests are handled with. */
export interface RequestHandling {
  readonly allowedHosts: ReadonlySet<string>
  readonly allowedOrigins: ReadonlySet<string>
  readonly authentication: BearerAuthentication
  readonly sessions: SessionSource
  readonly methods: MethodAllowList
  readonly policyArguments: PolicyArguments
  readonly judgement: Judgement
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly storeKind: string
}

/** A request whose sender is known. */
interface Admitted {
  readonly response: ServerResponse
  readonly headers: RequestHeaders
  readonly principal: string
  readonly upstream: Upstream
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

  constructor(handling: RequestHandling) {
    this.#with = handling
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
    const admitted = this.#admit(request, response)
    if ('status' in admitted) return sendRefusal(response, admitted)
    const { method } = request
    if (method === 'POST') return this.#post(request, admitted)
    if (method === 'GET' || method === 'DELETE') return this.#passSession(method, admitted)
    return sendRefusal(response, methodNotAllowed())
  }

  #admit(request: IncomingMessage, response: ServerResponse): Admitted | Refusal {
    const { allowedHosts, allowedOrigins, authentication, upstreams } = this.#with
    const read = readHeaders(request.rawHeaders)
    if (!read.ok) return read.refusal
    const { headers } = read
    const misdirected =
      hostRefusal(headers.get('host'), allowedHosts) ?? originRefusal(headers.get('origin'), allowedOrigins)
    if (misdirected !== undefined) return misdirected

    const caller = authentication.authenticate(headers.get('authorization'))
    if (!caller.ok) return caller.refusal

    const name = /^\/mcp\/([^/?#]+)$/.exec(request.url ?? '')?.[1]
    const upstream = name === undefined ? undefined : upstreams.get(name)
    if (upstream === undefined) return refusal(404, 'no such upstream; the path is /mcp/<upstream>')
    return { response, headers, principal: caller.principal, upstream }
  }

  /** GET opens the stream of server messages, DELETE ends a session: both of the legacy era, and without data of ours. */
  #passSession(method: 'GET' | 'DELETE', { response, headers, upstream }: Admitted): void {
    const modern = eraOfVersion(headers.get('mcp-protocol-version')) === 'modern'
    // Where results are held, what belongs to them must not come by this stream instead.
    const withheld = method === 'GET' && upstream.catalogue.holdsResults
    if (modern || withheld) return sendRefusal(response, methodNotAllowed('POST'))
    upstream.dispatch(
      { method, headers: forwardedHeaders(headers, upstream.headers), body: null },
      relayTo(response, (failure) => sendRefusal(response, refusal(statusOf(failure), UPSTREAM_FAILED))),
    )
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
    const { response, headers, principal, upstream, message, era } = received
    const { methods, sessions, policyArguments, judgement } = this.#with

    const rule = message.kind === 'response' ? answerRule(message.outcome) : methods.rule(message.method, era)
    if (rule === 'denied') {
      const data = { reason: 'method.denied' }
      return send(
        response,
        failureReply(message, RpcCode.Denied, 'Denied: this method is not allowed here.', data),
      )
    }
    if (rule === 'plain') return this.#relay(received)

    const session = sessions.read(headers, message.kind === 'response' ? message.outcome : message.params)
    if (!session.ok) return sendRefusal(response, session.refusal)
    const resolved = resolveTargets(message, upstream.name, upstream.catalogue, policyArguments)
    if (!resolved.ok)
      return send(response, failureReply(message, RpcCode.InvalidParams, `Refused: ${resolved.problem}.`))

    const { targets } = resolved
    const { keys } = resolveSession({ issuer: TOKEN_ISSUER, subject: principal, ...session.stated })
    const call: JudgedCall = { principal, keys, upstream: upstream.name, targets }
    const outcome = await judgement.before(call)
    if (!outcome.continue) return send(response, violationReply(message, era, outcome))
    if (response.destroyed) return // the client is gone: its labels are kept, its call is not made

    const { resultLabels } = targets[0].listing
    return resultLabels === undefined ? this.#relay(received) : this.#hold(received, call, resultLabels)
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

/** Who vouches for principals known by a configured token. */
const TOKEN_ISSUER = 'static'

const UPSTREAM_FAILED = 'the upstream failed'

/** An answer without content, such as that to a ping, carries nothing; every other one leaves with data. */
function answerRule(outcome: unknown): 'plain' | 'judged' {
  return carriesContent(outcome) ? 'judged' : 'plain'
}

function upstreamRequest({ headers, upstream, body }: Received): UpstreamRequest {
  return { method: 'POST', headers: forwardedHeaders(headers, upstream.headers), body }
}

function upstreamFailureReply(message: RpcMessage, failure: UpstreamFailure): Reply {
  return failureReply(message, statusOf(failure), 'The upstream gave no answer that can be passed on.', {
    reason: `upstream.${failure}`,
  })
}

function statusOf(failure: UpstreamFailure): number {
  return failure === 'timeout' ? RpcCode.UpstreamTimeout : RpcCode.UpstreamFailure
}

function methodNotAllowed(allow = 'POST, GET, DELETE'): Refusal {
  return refusal(405, 'this HTTP method is not served here', { allow })
}

function refuseBody(response: ServerResponse, code: number, message: string, id?: RequestId): void {
  sendRefusal(response, { status: 400, code, message, id })
}

function send(response: ServerResponse, { status, body }: Reply): void {
  sendJson(response, status, body)
}
