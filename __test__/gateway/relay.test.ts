import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Gateway } from 'indelible-gateway'
import { RawUpstream } from './support/raw-upstream.js'
import { leakConfig, openTestGateway, post, TOKENS, toolCall } from './support/test-gateway.js'

let upstream: RawUpstream
let gateway: Gateway

beforeAll(async () => {
  upstream = await RawUpstream.start()
  const headers = { Authorization: 'Bearer for-the-upstream' }
  gateway = await openTestGateway(leakConfig(upstream.url, { store: { kind: 'memory' } }, { headers }))
})
afterAll(async () => {
  await gateway.close()
  await upstream[Symbol.asyncDispose]()
})
beforeEach(() => {
  upstream.reset()
})

/** Starts a call whose answer is read by hand. */
async function open(method = 'POST'): Promise<{ response: IncomingMessage; abort: () => void }> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKENS.alice}` }
  const outgoing = request(`${gateway.address}/mcp/crm`, { method, headers })
  outgoing.end(method === 'POST' ? JSON.stringify(toolCall('count')) : '')
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  response.on('error', () => {}) // a cut answer, where a test cuts it
  return { response, abort: () => outgoing.destroy() }
}

describe('an answer', () => {
  test.each(['POST', 'GET'])('to %s is passed on event by event', async (method) => {
    let answering!: ServerResponse
    upstream.answer = (_, response) => {
      answering = response.writeHead(200, { 'content-type': 'text/event-stream' })
      answering.flushHeaders()
    }
    const { response } = await open(method)
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      answering.write(event) // the next one is written only once this one has arrived
      const [chunk] = (await once(response, 'data')) as [Buffer]
      expect(chunk.toString()).toBe(event)
    }
    answering.end()
    await once(response, 'end')
  })

  test('passes with the headers of MCP and of its content, and no others', async () => {
    upstream.answer = (_, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'mcp-session-id': 's1',
        'cache-control': 'no-store',
        'set-cookie': 'a=b',
        server: 'upstream/1.0',
        'x-internal': 'yes',
      })
      response.end('{}')
    }
    const { headers } = await post(gateway, '/mcp/crm', toolCall('count'))
    expect(Object.keys(headers).toSorted()).toEqual([
      'cache-control',
      'connection',
      'content-type',
      'date',
      'keep-alive',
      'mcp-session-id',
      'transfer-encoding',
    ])
  })

  test.each([202, 400, 404, 405, 406, 429])('with status %i passes', async (status) => {
    upstream.answer = (_, response) => response.writeHead(status).end()
    expect((await post(gateway, '/mcp/crm', toolCall('count'))).status).toBe(status)
  })

  test.each([301, 307, 401, 403, 500, 503])('with status %i is an error 502', async (status) => {
    upstream.answer = (_, response) =>
      response.writeHead(status, { location: 'http://evil.example/' }).end('secret')
    const answer = await post(gateway, '/mcp/crm', toolCall('count'))
    expect(answer.status).toBe(200)
    expect(answer.json.error).toMatchObject({ code: 502, data: { reason: 'upstream.status' } })
    expect(answer.text).not.toMatch(/secret|evil/)
    expect((await post(gateway, '/mcp/crm', '', { method: 'GET' })).status).toBe(502)
  })

  test('that is compressed although nobody asked for it is an error 502', async () => {
    upstream.answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x')
    expect((await post(gateway, '/mcp/crm', toolCall('count'))).json.error?.data?.['reason']).toBe(
      'upstream.encoding',
    )
  })

  test('that is cut off is cut off for the client too', async () => {
    upstream.answer = (_, response) => {
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .write('data: 1\n\n', () => response.destroy())
    }
    const { response } = await open()
    response.resume()
    await new Promise((resolve) => response.once('close', resolve))
    expect(response.complete).toBe(false)
  })

  test('that never comes because nothing listens is an error 502', async () => {
    await using lost = await openTestGateway(
      leakConfig('http://127.0.0.1:1/mcp', { store: { kind: 'memory' } }),
    )
    const { json } = await post(lost, '/mcp/crm', toolCall('count'))
    expect(json.error).toMatchObject({ code: 502, data: { reason: 'upstream.unreachable' } })
    const answer = { jsonrpc: '2.0', id: 1, result: { action: 'accept' } }
    expect((await post(lost, '/mcp/crm', answer)).status).toBe(502)
  })

  test('that takes longer than timeoutMs is an error 504', async () => {
    upstream.answer = () => {} // accepts and stays silent
    const config = leakConfig(upstream.url, { store: { kind: 'memory' } }, { timeoutMs: 50 })
    await using hasty = await openTestGateway(config)
    const { json } = await post(hasty, '/mcp/crm', toolCall('count'))
    expect(json.error).toMatchObject({ code: 504, data: { reason: 'upstream.timeout' } })
  })
})

test('the upstream gets its own credentials', async () => {
  await post(gateway, '/mcp/crm', toolCall('count'))
  expect(upstream.last.headers.authorization).toBe('Bearer for-the-upstream')
})

test.each(['POST', 'GET'])('a client that leaves ends the exchange with the upstream: %s', async (method) => {
  upstream.answer = (_, response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  const { abort } = await open(method)
  abort()
  await expect.poll(() => upstream.aborted).toBe(1)
})

test('a tool is called once, even when the connection breaks', async () => {
  upstream.answer = (_, response) => response.destroy()
  expect((await post(gateway, '/mcp/crm', toolCall('count'))).json.error?.code).toBe(502)
  expect(upstream.seen).toHaveLength(1)
})
