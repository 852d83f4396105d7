import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { logAlarms } from 'indelible-gateway'
import type { Gateway } from 'indelible-gateway'
import { RawUpstream } from './support/raw-upstream.js'
import { leakConfig, openTestGateway, post, TOKENS, toolCall } from './support/test-gateway.js'

let upstream: RawUpstream
let gateway: Gateway

beforeAll(async () => {
  upstream = await RawUpstream.start()
  const config = leakConfig(upstream.url, { store: { kind: 'memory' } })
  gateway = await openTestGateway({ ...config, listen: { port: 0, allowedOrigins: ['https://app.example'] } })
})
afterAll(async () => {
  await gateway.close()
  await upstream[Symbol.asyncDispose]()
})
beforeEach(() => {
  upstream.reset()
})

interface Case {
  readonly name: string
  readonly headers?: Record<string, string | string[] | undefined>
  readonly path?: string
  readonly method?: string
  readonly status: number
}

const refused: readonly Case[] = [
  { name: 'another host', headers: { host: 'evil.example' }, status: 403 },
  { name: 'another host with our port', headers: { host: 'evil.example:8808' }, status: 403 },
  { name: 'a host that begins like ours', headers: { host: 'localhost.evil.example' }, status: 403 },
  { name: 'a host with user info', headers: { host: 'localhost@evil.example' }, status: 403 },
  { name: 'an origin', headers: { origin: 'https://evil.example' }, status: 403 },
  { name: 'the null origin', headers: { origin: 'null' }, status: 403 },
  { name: 'an allowed origin over http', headers: { origin: 'http://app.example' }, status: 403 },
  { name: 'no token', headers: { authorization: undefined }, status: 401 },
  { name: 'another token', headers: { authorization: 'Bearer 0123456789abcdef' }, status: 401 },
  {
    name: 'a token cut by a character',
    headers: { authorization: `Bearer ${TOKENS.alice.slice(0, -1)}` },
    status: 401,
  },
  { name: 'a token with more behind', headers: { authorization: `Bearer ${TOKENS.alice}x` }, status: 401 },
  { name: 'another scheme', headers: { authorization: `Basic ${TOKENS.alice}` }, status: 401 },
  { name: 'an empty token', headers: { authorization: 'Bearer ' }, status: 401 },
  { name: 'an unknown upstream', path: '/mcp/other', status: 404 },
  { name: 'a name all objects have', path: '/mcp/constructor', status: 404 },
  { name: 'a query', path: '/mcp/crm?a=1', status: 404 },
  { name: 'a path below', path: '/mcp/crm/x', status: 404 },
  { name: 'an encoded path', path: '/mcp/%63rm', status: 404 },
  { name: 'another HTTP method', method: 'PUT', status: 405 },
  { name: 'OPTIONS', method: 'OPTIONS', status: 405 },
  { name: 'no content type', headers: { 'content-type': undefined }, status: 415 },
  { name: 'a form', headers: { 'content-type': 'application/x-www-form-urlencoded' }, status: 415 },
  { name: 'text', headers: { 'content-type': 'text/plain' }, status: 415 },
  { name: 'another charset', headers: { 'content-type': 'application/json; charset=utf-16' }, status: 415 },
  { name: 'a compressed body', headers: { 'content-encoding': 'gzip' }, status: 400 },
  { name: 'two session headers', headers: { 'x-session': ['a', 'b'] }, status: 400 },
  { name: 'a session id with a blank', headers: { 'x-session': 'a b' }, status: 400 },
  { name: 'an empty session id', headers: { 'x-session': '' }, status: 400 },
  { name: 'a session id too long', headers: { 'x-session': 'a'.repeat(257) }, status: 400 },
  { name: 'two method headers', headers: { 'mcp-method': ['tools/call', 'tools/call'] }, status: 400 },
]

describe('what may not enter is refused and not forwarded', () => {
  test.each(refused)(
    '$name: $status',
    async ({ headers = {}, path = '/mcp/crm', method = 'POST', status }) => {
      const answer = await post(gateway, path, toolCall('count'), { headers, method })
      expect(answer.status).toBe(status)
      expect(upstream.seen).toEqual([])
    },
  )

  test('a challenge tells how to authenticate, the answer to a wrong method what is right', async () => {
    const anonymous = await post(gateway, '/mcp/crm', toolCall('count'), {
      headers: { authorization: undefined },
    })
    expect(anonymous.headers['www-authenticate']).toBe('Bearer')
    const put = await post(gateway, '/mcp/crm', toolCall('count'), { method: 'PUT' })
    expect(put.headers['allow']).toBe('POST, GET, DELETE')
  })

  test('two equal Authorization headers', async () => {
    const body = JSON.stringify(toolCall('count'))
    const { port } = new URL(gateway.address)
    const socket = connect(Number(port), '127.0.0.1')
    socket.end(
      `POST /mcp/crm HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKENS.alice}\r\n` +
        `Authorization: Bearer ${TOKENS.bob}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    const answer = (await socket.toArray()).join('')
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(upstream.seen).toEqual([])
  })
})

describe('what may enter', () => {
  test.each([
    ['127.0.0.1', {}],
    ['localhost with a port', { host: 'localhost:1' }],
    ['LOCALHOST', { host: 'LOCALHOST' }],
    ['[::1]', { host: '[::1]:8808' }],
    ['an allowed origin', { origin: 'https://app.example' }],
    ['a charset', { 'content-type': 'application/json; charset=utf-8' }],
    ['identity encoding', { 'content-encoding': 'identity' }],
    ['the scheme in lower case', { authorization: `bearer ${TOKENS.alice}` }],
  ])('%s', async (_, headers) => {
    const { status } = await post(gateway, '/mcp/crm', toolCall('count'), { headers })
    expect(status).toBe(200)
    expect(upstream.seen).toHaveLength(1)
  })
})

describe('a web page of an allowed origin', () => {
  const ORIGIN = 'https://app.example'
  const preflight = {
    origin: ORIGIN,
    authorization: undefined,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type,mcp-protocol-version,x-session',
  }
  const ask = (headers: Record<string, string | undefined>) =>
    post(gateway, '/mcp/crm', '', { method: 'OPTIONS', headers: { ...preflight, ...headers } })

  test('may ask before it calls, without a token', async () => {
    const { status, headers } = await ask({})
    expect(status).toBe(204)
    expect(headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'POST, GET, DELETE',
      'access-control-allow-headers': preflight['access-control-request-headers'],
      vary: 'origin',
    })
    expect(headers).not.toHaveProperty('access-control-allow-credentials')
    expect(upstream.seen).toEqual([])
  })

  test('may read every answer, refusals too', async () => {
    const origin = { origin: ORIGIN }
    for (const headers of [origin, { ...origin, authorization: undefined }]) {
      const answer = await post(gateway, '/mcp/crm', toolCall('count'), { headers })
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': ORIGIN,
        'access-control-expose-headers': expect.stringContaining('mcp-session-id'),
      })
    }
  })

  test('gets no answer to a question that names no headers but something else', async () => {
    const { headers } = await ask({ 'access-control-request-headers': 'a;b' })
    expect(headers).not.toHaveProperty('access-control-allow-headers')
  })

  test('is told nothing when its origin is another', async () => {
    const { status, headers } = await ask({ origin: 'https://evil.example' })
    expect(status).toBe(403)
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('is told nothing when it is none', async () => {
    const { headers } = await post(gateway, '/mcp/crm', toolCall('count'))
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })
})

describe('size', () => {
  const sized = (bytes: number): string => {
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'count', arguments: { a: '' } },
    })
    return body.replace('"a":""', `"a":"${'x'.repeat(bytes - body.length)}"`)
  }

  test('4 MiB pass', async () => {
    expect((await post(gateway, '/mcp/crm', sized(4 * 1024 * 1024))).status).toBe(200)
    expect(upstream.seen).toHaveLength(1)
  })

  test('a byte more is 413, announced or not', async () => {
    const body = sized(4 * 1024 * 1024 + 1)
    expect((await post(gateway, '/mcp/crm', body)).status).toBe(413)
    const chunked = { 'content-length': undefined, 'transfer-encoding': 'chunked' }
    expect((await post(gateway, '/mcp/crm', body, { headers: chunked })).status).toBe(413)
    expect(upstream.seen).toEqual([])
  })
})

describe('the token of a client', () => {
  test('never reaches an upstream, whatever else the client sends', async () => {
    const headers = {
      cookie: `token=${TOKENS.alice}`,
      'proxy-authorization': `Bearer ${TOKENS.alice}`,
      'x-api-key': TOKENS.alice,
      'x-forwarded-for': '10.0.0.1',
      te: 'trailers',
      'accept-encoding': 'gzip',
      'mcp-param-region': 'us-west1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    }
    await post(gateway, '/mcp/crm', toolCall('count'), { headers, session: 'secret-session' })
    const seen = upstream.last
    expect(JSON.stringify(seen)).not.toContain(TOKENS.alice)
    expect(seen.headers).toEqual({
      host: new URL(upstream.url).host,
      connection: 'keep-alive',
      'content-length': String(seen.body.length),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'accept-encoding': 'identity',
      'mcp-param-region': 'us-west1',
      traceparent: headers.traceparent,
    })
  })

  test('is in no answer and in no alarm', async () => {
    const lines: string[] = []
    const end = logAlarms((line) => lines.push(line))
    const broken = await openTestGateway(
      leakConfig('http://127.0.0.1:1/mcp', {
        policy: { text: 'permit (principal, action, resource) when { 9223372036854775807 + 1 == 0 };' },
      }),
    )
    const answer = await post(broken, '/mcp/crm', toolCall('count'))
    const unknown = await post(broken, '/mcp/crm', toolCall('count'), {
      headers: { authorization: 'Bearer not-a-known-token' },
    })
    await broken.close()
    end()
    expect(answer.json.error?.code).toBe(500)
    expect(lines.some((line) => line.includes('gateway_policy_failure'))).toBe(true)
    const said = [answer.text, unknown.text, ...lines].join('\n')
    expect(said).not.toContain(TOKENS.alice)
    expect(said).not.toContain('not-a-known-token')
  })

  test('may be known by its digest alone', async () => {
    const digest = createHash('sha256').update('a-token-nobody-wrote-down').digest('hex')
    const config = leakConfig(upstream.url, {
      authentication: { tokens: [{ principal: 'carol', sha256: digest }] },
    })
    const hashed = await openTestGateway(config)
    const as = (token: string) =>
      post(hashed, '/mcp/crm', toolCall('count'), { headers: { authorization: `Bearer ${token}` } })
    expect((await as('a-token-nobody-wrote-down')).status).toBe(200)
    expect((await as(digest)).status).toBe(401)
    await hashed.close()
  })
})
