import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Gateway } from 'indelible-gateway'
import { MAX_HELD_BYTES } from '../../gateway/src/upstream/held-response.js'
import { closedGate } from './support/gate.js'
import { answerResult, RawUpstream } from './support/raw-upstream.js'
import { ScriptedStore } from './support/scripted-store.js'
import { leakConfig, openTestGateway, post, TOKENS, toolCall } from './support/test-gateway.js'

let store: ScriptedStore
let upstream: RawUpstream
let gateway: Gateway
let session: string

const config = (url: string) =>
  leakConfig(url, {
    store: { kind: 'scripted' },
    upstreams: {
      crm: {
        url,
        tools: {
          report: {
            labelsFromResult: [
              { label: 'pii', scope: 'session', contains: '@' },
              { label: 'secret', scope: 'principal', pointer: '/structuredContent/level', equals: 'secret' },
            ],
          },
        },
      },
      files: { url, tools: { write: {} } },
    },
  })

beforeAll(async () => {
  upstream = await RawUpstream.start()
})
afterAll(async () => {
  await upstream[Symbol.asyncDispose]()
})
beforeEach(async () => {
  upstream.reset()
  store = new ScriptedStore()
  gateway = await openTestGateway(config(upstream.url), { factories: [store.factory] })
  session = randomUUID()
  return () => gateway.close()
})

const report = () => post(gateway, '/mcp/crm', toolCall('report'), { session })
const write = () => post(gateway, '/mcp/files', toolCall('write'), { session })

function stream(...events: string[]) {
  return (_: unknown, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': 'upstream-session' })
    for (const event of events) response.write(event)
    response.end()
  }
}
const event = (message: object): string =>
  `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`
const log = event({
  method: 'notifications/message',
  params: { level: 'info', data: 'found ann@example.com' },
})
const result = (text: string): string => event({ id: 1, result: { content: [{ type: 'text', text }] } })

describe('a result that earns a label', () => {
  test('by a text within: the session carries it before the result is released', async () => {
    const gate = closedGate()
    store.gate = gate.opened
    upstream.answer = answerResult({ content: [{ type: 'text', text: 'ann@example.com' }] })
    let released = false
    const answered = report().then((answer) => {
      released = true
      return answer
    })
    await expect.poll(() => store.log).toEqual(['load', 'load', 'append pii'])
    expect(upstream.seen).toHaveLength(1)
    expect(released).toBe(false)
    gate.open()
    expect((await answered).json.result?.content?.[0]?.text).toBe('ann@example.com')
    expect(store.log.at(-1)).toBe('appended pii true')
    expect((await write()).json.result?.isError).toBe(true)
  })

  test('by a value at a pointer', async () => {
    upstream.answer = answerResult({ content: [], structuredContent: { level: 'secret' } })
    await report()
    expect(store.log).toContain('appended secret true')
  })

  test('by a log line of its stream: not one byte leaves before the append, headers included', async () => {
    const gate = closedGate()
    store.gate = gate.opened
    upstream.answer = stream(log, result('done'))
    const responses: IncomingMessage[] = []
    const body = JSON.stringify(toolCall('report'))
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${TOKENS.alice}`,
      'x-session': session,
    }
    const outgoing = request(`${gateway.address}/mcp/crm`, { method: 'POST', headers }, (response) => {
      responses.push(response)
    })
    outgoing.end(body)
    await expect.poll(() => store.log).toContain('append pii')
    expect(responses).toEqual([])
    gate.open()
    await expect.poll(() => responses).toHaveLength(1)
    const chunks = await Promise.all(responses.map((response) => response.setEncoding('utf8').toArray()))
    expect(chunks.flat().join('')).toBe(log + result('done'))
  })

  test('is withheld when the append fails', async () => {
    store.failAppends = true
    upstream.answer = answerResult({ content: [{ type: 'text', text: 'ann@example.com' }] })
    const answer = await report()
    expect(answer.json.error).toMatchObject({ code: 503, data: { reason: 'session.persist_failed' } })
    expect(answer.text).not.toContain('example.com')
  })

  test('keeps its label when the client leaves before it is released', async () => {
    const gate = closedGate()
    store.gate = gate.opened
    upstream.answer = answerResult({ content: [{ type: 'text', text: 'ann@example.com' }] })
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${TOKENS.alice}`,
      'x-session': session,
    }
    const leaving = request(`${gateway.address}/mcp/crm`, { method: 'POST', headers })
    leaving.on('error', () => {}) // its own abort
    leaving.end(JSON.stringify(toolCall('report')))
    await expect.poll(() => store.log).toContain('append pii')
    leaving.destroy()
    gate.open()
    await expect.poll(() => store.log.at(-1)).toBe('appended pii true')
    store.gate = undefined
    expect((await write()).json.result?.isError).toBe(true)
  })
})

describe('a result that earns none', () => {
  test('is released as it came and costs no further call of the store', async () => {
    upstream.answer = stream(result('nothing personal'))
    const answer = await report()
    expect(answer.text).toBe(result('nothing personal'))
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'mcp-session-id': 'upstream-session',
    })
    expect(store.log).toEqual(['load'])
    expect((await write()).json.result?.isError).toBeUndefined()
  })

  test.each(['secrets', 'SECRET', ['secret'], true])(
    'a value that differs from the rule: %j',
    async (level) => {
      upstream.answer = answerResult({ structuredContent: { level } })
      expect((await report()).json.result).toBeDefined()
      expect(store.log).toEqual(['load'])
    },
  )
})

describe('an answer that cannot be judged is withheld: 502', () => {
  test.each([
    [
      'no JSON',
      'undecodable',
      (_: unknown, response: ServerResponse) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('<html>'),
    ],
    [
      'another type',
      'undecodable',
      (_: unknown, response: ServerResponse) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('{}'),
    ],
    ['a repeated key', 'undecodable', stream('data: {"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}\n\n')],
    ['a stream of no JSON', 'undecodable', stream('data: hello\n\n')],
    ['a stream cut within an event', 'undecodable', stream(log, 'data: {"jsonrpc":"2.0"')],
    [
      'a stream that is not UTF-8',
      'undecodable',
      (_: unknown, response: ServerResponse) =>
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(Buffer.of(0x64, 0xff, 0x0a)),
    ],
    [
      'a question to the client',
      'interactive',
      stream(event({ id: 9, method: 'elicitation/create', params: {} }), result('x')),
    ],
    ['more than can be held', 'too-large', stream(`data: "${'x'.repeat(MAX_HELD_BYTES)}`)],
  ])('%s', async (_, failure, answer) => {
    upstream.answer = answer
    const { status, json } = await report()
    expect({ status, code: json.error?.code, reason: json.error?.data?.['reason'] }).toEqual({
      status: 200,
      code: 502,
      reason: `upstream.${failure}`,
    })
  })
})

test('where results are held, no other stream is open beside them', async () => {
  expect((await post(gateway, '/mcp/crm', '', { method: 'GET' })).status).toBe(405)
  const listen = {
    jsonrpc: '2.0',
    id: 1,
    method: 'subscriptions/listen',
    params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
  }
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' }
  expect((await post(gateway, '/mcp/crm', listen, { headers })).json.error?.code).toBe(403)
  expect(upstream.seen).toEqual([])
  expect((await post(gateway, '/mcp/files', listen, { headers })).json.error).toBeUndefined()
  expect((await post(gateway, '/mcp/crm', '', { method: 'DELETE' })).status).not.toBe(405)
})
