// Real clients and servers of 2026-07-28 through the gateway, and each of them against those of 2025-11-25.

import { randomUUID } from 'node:crypto'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Gateway } from 'indelible-gateway'
import { ModernUpstream } from './support/modern-upstream.js'
import { SdkUpstream } from './support/sdk-upstream.js'
import { LEAK_POLICY, leakConfig, openTestGateway, TOKENS } from './support/test-gateway.js'

let upstream: ModernUpstream
let legacyUpstream: SdkUpstream
let gateway: Gateway
const clients: { close: () => Promise<void> }[] = []

beforeAll(async () => {
  upstream = await ModernUpstream.start()
  legacyUpstream = await SdkUpstream.start()
})
afterAll(async () => {
  await upstream[Symbol.asyncDispose]()
  await legacyUpstream[Symbol.asyncDispose]()
})
beforeEach(async () => {
  const config = leakConfig(upstream.url, {
    store: { kind: 'memory' },
    policy: {
      text: `${LEAK_POLICY}
        @id("no-answers") @message("This session may answer no questions.")
        forbid (principal, action == Action::"response", resource) when { context.labels.contains("pii") };`,
    },
  })
  const { crm } = config.upstreams
  const old = { ...crm, url: legacyUpstream.url }
  const held = {
    url: upstream.url,
    tools: { count: { labelsFromResult: [{ label: 'pii', contains: '2' }] }, read: {} },
  }
  gateway = await openTestGateway({ ...config, upstreams: { ...config.upstreams, old, held } })
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  await gateway.close()
})

type Mode = 'auto' | 'legacy' | { pin: string }

async function connect(name: string, session: string, mode: Mode = { pin: '2026-07-28' }): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '1.0.0' },
    { capabilities: { elicitation: {} }, versionNegotiation: { mode } },
  )
  const headers = { authorization: `Bearer ${TOKENS.alice}`, 'x-session': session }
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${gateway.address}/mcp/${name}`), {
      requestInit: { headers },
    }),
  )
  clients.push(client)
  return client
}

function textOf(result: unknown): string {
  return (result as { content: { text: string }[] }).content.map((part) => part.text).join()
}

describe('a client of 2026-07-28', () => {
  test('discovers, lists, calls, reads and fetches as if the gateway were not there', async () => {
    const client = await connect('crm', randomUUID())
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('count')
    expect(textOf(await client.callTool({ name: 'count', arguments: { steps: 0 } }))).toBe('2')
    expect((await client.readResource({ uri: 'crm://help' })).contents).toMatchObject([{ text: 'help' }])
    expect((await client.getPrompt({ name: 'summary' })).messages).toHaveLength(1)
  })

  test('gets progress while a call runs', async () => {
    const client = await connect('crm', randomUUID())
    const seen: number[] = []
    const onprogress = ({ progress }: { progress: number }) => void seen.push(progress)
    await client.callTool({ name: 'count', arguments: { steps: 3 } }, { onprogress })
    expect(seen).toEqual([1, 2, 3])
  })

  test('hears of changes while it listens', async () => {
    const client = await connect('crm', randomUUID())
    let heard = 0
    client.setNotificationHandler('notifications/tools/list_changed', () => void heard++)
    await client.listen({ toolsListChanged: true })
    upstream.announceTools()
    await vi.waitFor(() => expect(heard).toBe(1))
  })

  test('answers a question of the server; with a labelled session the answer is egress and is refused', async () => {
    const session = randomUUID()
    const client = await connect('crm', session)
    client.setRequestHandler('elicitation/create', async () => ({
      action: 'accept' as const,
      content: { name: 'Ann' },
    }))
    expect(textOf(await client.callTool({ name: 'ask' }))).toBe('accept Ann')

    await client.callTool({ name: 'read' })
    const denied = await client.callTool({ name: 'ask' })
    expect(denied.isError).toBe(true)
    expect(textOf(denied)).toBe('This session may answer no questions.')
  })

  test('is refused the leak over two upstreams; the model is told why', async () => {
    const session = randomUUID()
    const [crm, files] = [await connect('crm', session), await connect('files', session)]
    const write = (text: string) => files.callTool({ name: 'write', arguments: { text } })
    expect(textOf(await write(`before ${session}`))).toBe('written')
    expect(textOf(await crm.callTool({ name: 'read' }))).toBe('Ann, Bo')
    const denied = await write(`Ann ${session}`)
    expect(denied.isError).toBe(true)
    expect(textOf(denied)).toBe('This session has read personal data.')
    expect(upstream.written.filter((text) => text.endsWith(session))).toEqual([`before ${session}`])
  })

  test('gets a held result whole, and then carries its label', async () => {
    const session = randomUUID()
    const [held, files] = [await connect('held', session), await connect('files', session)]
    const seen: number[] = []
    const onprogress = ({ progress }: { progress: number }) => void seen.push(progress)
    expect(textOf(await held.callTool({ name: 'count', arguments: { steps: 2 } }, { onprogress }))).toBe('2')
    expect(seen).toEqual([1, 2])
    expect((await files.callTool({ name: 'write', arguments: { text: 'late' } })).isError).toBe(true)
  })

  test('sees an error for a tool that is not listed', async () => {
    const client = await connect('files', randomUUID())
    await expect(client.callTool({ name: 'read' })).rejects.toMatchObject({ code: -32602 })
  })
})

describe('across the eras', () => {
  test('a new client that asks first speaks 2025-11-25 with an old server', async () => {
    const client = await connect('old', randomUUID(), 'auto')
    expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25')
    expect(textOf(await client.callTool({ name: 'read' }))).toBe('Ann, Bo')
  })

  test('a new client that asks first speaks 2026-07-28 with a new server', async () => {
    const client = await connect('crm', randomUUID(), 'auto')
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
  })

  test('an old client speaks 2025-11-25 with a new server', async () => {
    const session = randomUUID()
    const client = new LegacyClient({ name: 'test', version: '1.0.0' })
    const headers = { authorization: `Bearer ${TOKENS.alice}`, 'x-session': session }
    const url = new URL(`${gateway.address}/mcp/crm`)
    await client.connect(new LegacyTransport(url, { requestInit: { headers } }))
    clients.push(client)
    expect(textOf(await client.callTool({ name: 'read' }))).toBe('Ann, Bo')
    const files = await connect('files', session)
    expect((await files.callTool({ name: 'write', arguments: { text: 'late' } })).isError).toBe(true)
  })
})
