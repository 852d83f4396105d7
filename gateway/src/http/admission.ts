import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Upstream } from '../upstream/upstream.js'
import type { BearerAuthentication } from './authentication.js'
import { answerPreflight, isPreflight, shareWith } from './cross-origin.js'
import { hostRefusal } from './host-check.js'
import { originRefusal } from './origin-check.js'
import { refusal, sendRefusal } from './refusal.js'
import type { Refusal } from './refusal.js'
import { readHeaders } from './request-headers.js'
import type { RequestHeaders } from './request-headers.js'

/** What requests are let in by. */
export interface AdmissionRules {
  readonly allowedHosts: ReadonlySet<string>
  readonly allowedOrigins: ReadonlySet<string>
  readonly authentication: BearerAuthentication
  readonly upstreams: ReadonlyMap<string, Upstream>
}

/** A request whose sender is known. */
export interface Admitted {
  readonly response: ServerResponse
  readonly headers: RequestHeaders
  readonly principal: string
  readonly upstream: Upstream
}

/** Lets a request in, or answers it. @returns undefined when it has been answered. */
export function admit(
  request: IncomingMessage,
  response: ServerResponse,
  rules: AdmissionRules,
): Admitted | undefined {
  const read = readHeaders(request.rawHeaders)
  if (!read.ok) return turnedAway(response, read.refusal)
  const { headers } = read
  const origin = headers.get('origin')
  const misdirected =
    hostRefusal(headers.get('host'), rules.allowedHosts) ?? originRefusal(origin, rules.allowedOrigins)
  if (misdirected !== undefined) return turnedAway(response, misdirected)
  if (origin !== undefined) shareWith(origin, response)
  if (isPreflight(request.method, headers)) return answerPreflight(headers, response)

  const caller = rules.authentication.authenticate(headers.get('authorization'))
  if (!caller.ok) return turnedAway(response, caller.refusal)

  const name = /^\/mcp\/([^/?#]+)$/.exec(request.url ?? '')?.[1]
  const upstream = name === undefined ? undefined : rules.upstreams.get(name)
  if (upstream === undefined)
    return turnedAway(response, refusal(404, 'no such upstream; the path is /mcp/<upstream>'))
  return { response, headers, principal: caller.principal, upstream }
}

function turnedAway(response: ServerResponse, refused: Refusal): undefined {
  sendRefusal(response, refused)
  return undefined
}
