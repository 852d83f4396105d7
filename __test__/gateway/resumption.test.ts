// The rest of a stream that broke off may hold a result: no session gets it without the labels that a result can bring.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Gateway } from 'indelible-gateway'
import { RawUpstream } from './support/raw-upstream.js'
import { ScriptedStore } from './support/scripted-store.js'
import { leakConfig, openTestGateway, post, toolCall } from './support/test-gateway.js'
import type { Posted, PostOptions } from './support/test-gateway.js'

let store: ScriptedStore
let upstream: RawUpstream
let gateway: Gateway
let session: string

beforeAll(async () => {
  upstream = await RawUpstream.start()
})
afterAll(async () => {
  await upstream[Symbol.asyncDispose]()
})
beforeEach(async () => {
  upstream.reset()
  upstream.answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {}\n\n')
  }
  store = new ScriptedStore()
  const tools = { read: { labels: [{ label: 'pii', scope: 'session' as const }] } }
  const config = leakConfig(
    upstream.url,
    { store: { kind: 'scripted' } },
    { tools, resources: [], prompts: {} },
  )
  gateway = await openTestGateway(config, { factories: [store.factory] })
  session = randomUUID()
  return () => gateway.close()
})

const resume = (options: PostOptions = { session }, path = '/mcp/crm'): Promise<Posted> =>
  post(gateway, path, '', {
    ...options,
    method: 'GET',
    headers: { 'last-event-id': '7', ...options.headers },
  })

describe('the rest of a stream', () => {
  test('goes to a session that carries the labels', async () => {
    await post(gateway, '/mcp/crm', toolCall('read'), { session })
    const { status } = await resume()
    expect(status).toBe(200)
    expect(upstream.last).toMatchObject({ method: 'GET', headers: { 'last-event-id': '7' } })
  })

  test.each([
    ['a fresh session of the same principal', () => ({ session: randomUUID() })],
    ['the principal without a session', () => ({})],
    ['the session of the same name of another principal', () => ({ session, principal: 'bob' as const })],
  ])('does not go to %s', async (_, who) => {
    await post(gateway, '/mcp/crm', toolCall('read'), { session })
    const reached = upstream.seen.length
    const { status, text } = await resume(who())
    expect({ status, reason: text.includes('does not carry the labels') }).toEqual({
      status: 403,
      reason: true,
    })
    expect(upstream.seen).toHaveLength(reached)
  })

  test('goes to nobody while the store fails', async () => {
    await post(gateway, '/mcp/crm', toolCall('read'), { session })
    store.failLoads = true
    expect((await resume()).status).toBe(503)
  })

  test('needs a well-formed session id', async () => {
    expect((await resume({ session: 'a b' })).status).toBe(400)
    expect(upstream.seen).toEqual([])
  })

  test('of an upstream without labels goes to everybody, and costs no call of the store', async () => {
    expect((await resume({ session }, '/mcp/files')).status).toBe(200)
    expect(store.log).toEqual([])
  })
})

test('a new stream of server messages needs no labels', async () => {
  expect((await post(gateway, '/mcp/crm', '', { session, method: 'GET' })).status).toBe(200)
  expect(upstream.last.headers).not.toHaveProperty('last-event-id')
  expect(store.log).toEqual([])
})

test('a POST cannot ask for the rest of a stream', async () => {
  await post(gateway, '/mcp/files', toolCall('write'), { session, headers: { 'last-event-id': '7' } })
  expect(upstream.last.headers).not.toHaveProperty('last-event-id')
})
