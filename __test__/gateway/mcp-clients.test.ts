import { randomUUID } from 'node:crypto'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Gateway } from 'indelible-gateway'
import { SdkUpstream } from './support/sdk-upstream.js'
import { LEAK_POLICY, leakConfig, openTestGateway, TOKENS } from './support/test-gateway.js'
import type { PrincipalName } from './support/test-gateway.js'

let upstream: SdkUpstream
let gateway: Gateway
const clients: Client[] = []

beforeAll(async () => {
  upstream = await SdkUpstream.start()
})
afterAll(async () => {
  await upstream[Symbol.asyncDispose]()
})
beforeEach(async () => {
  const config = leakConfig(upstream.url, {
    store: { kind: 'memory' },
    policy: {
      text: `${LEAK_POLICY}
        forbid (principal, action == Action::"response", resource) when { context.labels.contains("pii") };`,
    },
  })
  gateway = await openTestGateway(config)
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()))
  await gateway.close()
})

interface Connected {
  readonly client: Client
  readonly transport: StreamableHTTPClientTransport
}

async function connect(
  name: string,
  session: string,
  principal: PrincipalName = 'alice',
): Promise<Connected> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities: { elicitation: {} } })
  const headers = { authorization: `Bearer ${TOKENS[principal]}`, 'x-session': session }
  const transport = new StreamableHTTPClientTransport(new URL(`${gateway.address}/mcp/${name}`), {
    requestInit: { headers },
  })
  await client.connect(transport)
  clients.push(client)
  return { client, transport }
}

function textOf(result: unknown): string {
  return (result as { content: { text: string }[] }).content.map((part) => part.text).join()
}

describe('a client of 2025-11-25 through the gateway', () => {
  test('lists, calls, reads and fetches as if it were not there', async () => {
    const { client, transport } = await connect('crm', randomUUID())
    expect(transport.protocolVersion).toBe('2025-11-25')
    expect(transport.sessionId).toBeTypeOf('string')
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('count')
    expect(textOf(await client.callTool({ name: 'count', arguments: { steps: 0 } }))).toBe('2')
    expect((await client.readResource({ uri: 'crm://help' })).contents).toMatchObject([{ text: 'help' }])
    expect((await client.getPrompt({ name: 'summary' })).messages).toHaveLength(1)
    await client.ping()
  })

  test('gets progress while a call runs', async () => {
    const { client } = await connect('crm', randomUUID())
    const seen: number[] = []
    await client.callTool({ name: 'count', arguments: { steps: 3 } }, undefined, {
      onprogress: ({ progress }) => seen.push(progress),
    })
    expect(seen).toEqual([1, 2, 3])
  })

  test('answers an elicitation that came by the stream of server messages; with a labelled session the answer is egress and is refused', async () => {
    const session = randomUUID()
    const { client } = await connect('crm', session)
    client.setRequestHandler(ElicitRequestSchema, async () => ({
      action: 'accept',
      content: { name: 'Ann' },
    }))
    expect(textOf(await client.callTool({ name: 'ask' }))).toBe('accept Ann')

    await client.callTool({ name: 'read' })
    const errors: Error[] = []
    Object.assign(client, { onerror: (error: Error) => errors.push(error) })
    const asked = client
      .callTool({ name: 'ask' }, undefined, { timeout: 2_000 })
      .catch((error: Error) => error)
    await expect.poll(() => errors.map(({ message }) => message).join()).toContain('403')
    await client.close()
    expect(await asked).toBeInstanceOf(Error)
  })

  test('ends its session', async () => {
    const { transport } = await connect('crm', randomUUID())
    const sessions = upstream.sessions
    await transport.terminateSession()
    expect(upstream.sessions).toBe(sessions - 1)
  })

  test('is refused the leak over two upstreams and a new upstream session; the model is told why', async () => {
    const session = randomUUID()
    const crm = await connect('crm', session)
    const files = await connect('files', session)
    const write = (client: Client, text: string) => client.callTool({ name: 'write', arguments: { text } })

    expect(textOf(await write(files.client, `before ${session}`))).toBe('written')
    expect(textOf(await crm.client.callTool({ name: 'read' }))).toBe('Ann, Bo')
    const denied = await write(files.client, `Ann ${session}`)
    expect(denied.isError).toBe(true)
    expect(textOf(denied)).toBe('This session has read personal data.')

    const again = await connect('files', session)
    expect((await write(again.client, `Ann ${session}`)).isError).toBe(true)
    const other = await connect('files', session, 'bob')
    expect(textOf(await write(other.client, `bob ${session}`))).toBe('written')
    expect(upstream.written.filter((text) => text.endsWith(session))).toEqual([
      `before ${session}`,
      `bob ${session}`,
    ])
  })

  test('sees an error for a tool that is not listed', async () => {
    const { client } = await connect('files', randomUUID())
    await expect(client.callTool({ name: 'read' })).rejects.toMatchObject({ code: -32602 })
  })
})

test('closing the gateway ends open streams at once', async () => {
  const { client } = await connect('crm', randomUUID())
  const started = performance.now()
  await gateway.close()
  expect(performance.now() - started).toBeLessThan(5_000) // the promised bound for requests under way is ten seconds
  await expect(client.listTools()).rejects.toThrow('fetch failed')
})
