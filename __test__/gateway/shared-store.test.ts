import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Gateway } from 'indelible-gateway'
import { ownServer } from '../support/servers.js'
import { RawUpstream } from './support/raw-upstream.js'
import { leakConfig, openTestGateway, post, toolCall } from './support/test-gateway.js'

const server = ownServer()
let upstream: RawUpstream

beforeAll(async () => {
  upstream = await RawUpstream.start()
})
afterAll(async () => {
  await upstream[Symbol.asyncDispose]()
})
beforeEach(() => {
  upstream.reset()
})

const openNode = (): Promise<Gateway> => {
  const store = { kind: 'valkey', endpoint: server().url, keyPrefix: 'gateway' }
  return openTestGateway(leakConfig(upstream.url, { store }))
}
const read = (node: Gateway, session: string) => post(node, '/mcp/crm', toolCall('read'), { session })
const write = (node: Gateway, session: string) => post(node, '/mcp/files', toolCall('write'), { session })

describe('gateways that share a store', () => {
  test('refuse on one node what was read on another, and after both have started anew', async () => {
    const session = randomUUID()
    {
      await using a = await openNode()
      await using b = await openNode()
      expect((await write(b, session)).json.result?.isError).toBeUndefined()
      expect((await read(a, session)).json.result?.isError).toBeUndefined()
      expect((await write(b, session)).json.result?.isError).toBe(true)
    }
    await using again = await openNode()
    expect((await write(again, session)).json.result?.isError).toBe(true)
    expect((await write(again, randomUUID())).json.result?.isError).toBeUndefined()
  })

  test('refuse every judged call while the server hangs, within the deadline, and go on afterwards', async () => {
    await using node = await openNode()
    const session = randomUUID()
    await read(node, session)
    upstream.reset()
    server().freeze()
    const started = performance.now()
    const answers = await Promise.all([read(node, session), write(node, randomUUID())])
    const elapsed = performance.now() - started
    server().thaw()
    for (const { json } of answers) {
      expect(json.error).toMatchObject({ code: 503, data: { reason: 'session.load_failed' } })
    }
    expect(elapsed).toBeLessThan(1_550 + 500) // the deadline of an operation, and slack
    expect(upstream.seen).toEqual([])
    await expect.poll(async () => (await write(node, session)).json.result?.isError).toBe(true)
  })
})
