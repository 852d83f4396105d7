import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { Gateway } from 'indelible-gateway'
import type { GatewayConfig, GatewayOptions } from 'indelible-gateway'

/** The tokens of the principals that {@link openTestGateway} knows. */
export const TOKENS = { alice: `alice-${randomUUID()}`, bob: `bob-${randomUUID()}` } as const

export type PrincipalName = keyof typeof TOKENS

/** A policy that permits everything except what a session with the label `pii` may not do. */
export const LEAK_POLICY = `
  @id("use") permit (principal, action, resource);
  @id("no-leak") @message("This session has read personal data.")
  forbid (principal, action == Action::"tools/call", resource == Tool::"files/write")
  when { context.labels.contains("pii") };
`

/** Tools of the upstreams `crm` (a source) and `files` (a sink) behind one URL. */
export function leakConfig(
  url: string,
  changes: Partial<GatewayConfig> = {},
  crm: Partial<GatewayConfig['upstreams'][string]> = {},
): GatewayConfig {
  return {
    listen: { port: 0 },
    authentication: {
      tokens: [
        { principal: 'alice', tokenEnv: 'ALICE' },
        { principal: 'bob', tokenEnv: 'BOB' },
      ],
    },
    session: { header: 'X-Session' },
    policy: { text: LEAK_POLICY },
    upstreams: {
      crm: {
        url,
        tools: {
          read: { labels: [{ label: 'pii', scope: 'session' }] },
          read_for_all: { labels: [{ label: 'pii', scope: 'principal' }] },
          count: {},
          ask: {},
        },
        prompts: { summary: {} },
        resources: [
          { uri: 'crm://customers/*', labels: [{ label: 'pii', scope: 'session' }] },
          { uri: 'crm://help' },
        ],
        ...crm,
      },
      files: { url, tools: { write: {} } },
    },
    ...changes,
  }
}

/** Opens a gateway that knows {@link TOKENS}. */
export function openTestGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  return Gateway.open(config, { environment: { ALICE: TOKENS.alice, BOB: TOKENS.bob }, ...options })
}

export interface PostOptions {
  readonly principal?: PrincipalName | undefined
  readonly session?: string | undefined
  /** Further headers; `undefined` drops a default one. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>
  readonly method?: string
}

export interface Posted {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body as JSON, when it is. */
  readonly json: {
    readonly result?: {
      readonly isError?: boolean
      readonly content?: { readonly text: string }[]
      readonly resultType?: string
    }
    readonly error?: {
      readonly code: number
      readonly message: string
      readonly data?: Record<string, unknown>
    }
  }
}

/** Sends one HTTP request to an upstream of a gateway, with full control over headers and bytes. */
export function post(
  gateway: Gateway,
  path: string,
  body: string | Buffer | object,
  { principal = 'alice', session, headers = {}, method = 'POST' }: PostOptions = {},
): Promise<Posted> {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const all = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${TOKENS[principal]}`,
    'content-length': String(Buffer.byteLength(bytes)),
    ...(session === undefined ? {} : { 'x-session': session }),
    ...headers,
  }
  const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return new Promise((resolve, reject) => {
    const outgoing = request(`${gateway.address}${path}`, { method, headers: sent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(bytes)
  })
}

/** A `tools/call` of the legacy era. */
export function toolCall(name: string, args: Record<string, unknown> = {}): object {
  return { jsonrpc: '2.0', id: randomUUID(), method: 'tools/call', params: { name, arguments: args } }
}

function parse(text: string): Posted['json'] {
  try {
    return JSON.parse(text) as Posted['json']
  } catch {
    return {}
  }
}
