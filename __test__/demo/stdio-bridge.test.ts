import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { StdioBridge } from '../../examples/demo/stdio-bridge.js'

const manifest = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/server-filesystem/package.json',
)
const FILE_SERVER = join(manifest, '..', 'dist', 'index.js')

describe('the stdio bridge', () => {
  let folder: string
  let bridge: StdioBridge

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'indelible-bridge-')))
    bridge = await StdioBridge.start(FILE_SERVER, [folder])
  })
  afterEach(async () => {
    await bridge[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  it('serves a stdio server to several clients at once', async () => {
    const clients = await Promise.all([connect(bridge.url), connect(bridge.url), connect(bridge.url)])
    const paths = clients.map((_, index) => join(folder, `${index}.txt`))
    await Promise.all(
      clients.map((client, index) =>
        client.callTool({
          name: 'write_file',
          arguments: { path: paths[index], content: `client ${index}` },
        }),
      ),
    )
    const read = await Promise.all(
      clients.map((client, index) =>
        client.callTool({ name: 'read_text_file', arguments: { path: paths[index] } }),
      ),
    )
    expect(read.map(({ structuredContent }) => structuredContent)).toEqual([
      { content: 'client 0' },
      { content: 'client 1' },
      { content: 'client 2' },
    ])
    await Promise.all(clients.map((client) => client.close()))
  })

  it('forgets a session that its client has ended', async () => {
    const client = new Client({ name: 'test', version: '1' })
    const transport = new StreamableHTTPClientTransport(new URL(bridge.url))
    await client.connect(transport)
    const id = transport.sessionId ?? 'none'
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    await transport.terminateSession()
    await client.close()
    expect(await status(bridge.url, { 'mcp-session-id': id })).toBe(404)
  })

  it.each([
    ['another host', { host: 'rebound.example' }],
    ['a web page', { origin: 'https://page.example' }],
  ])('refuses %s', async (_, headers) => {
    expect(await status(bridge.url, headers)).toBe(403)
  })
})

async function connect(url: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  return client
}

/** POSTs `{}`; unlike fetch, node:http lets the Host header be chosen. */
async function status(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers } })
    sent.once('error', reject)
    sent.once('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.end('{}')
  })
}
