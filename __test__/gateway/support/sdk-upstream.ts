import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'

/** A real MCP server over Streamable HTTP, with sessions, streams and elicitation. */
export class SdkUpstream implements AsyncDisposable {
  /** Texts that `write` was called with. */
  readonly written: string[] = []
  readonly #sessions = new Map<string, StreamableHTTPServerTransport>()
  readonly #server = createServer((request, response) => {
    void this.#transport(request.headers['mcp-session-id']).then(
      async (transport) => transport.handleRequest(request, response),
      () => response.writeHead(404).end(),
    )
  })

  static async start(): Promise<SdkUpstream> {
    const upstream = new SdkUpstream()
    upstream.#server.listen(0, '127.0.0.1')
    await once(upstream.#server, 'listening')
    return upstream
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`
  }

  get sessions(): number {
    return this.#sessions.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #transport(id: string | string[] | undefined): Promise<StreamableHTTPServerTransport> {
    if (typeof id === 'string') {
      const known = this.#sessions.get(id)
      if (known === undefined) throw new Error('unknown session')
      return known
    }
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (session) => void this.#sessions.set(session, transport),
      onsessionclosed: (session) => void this.#sessions.delete(session),
    })
    await this.#tools().connect(transport)
    return transport
  }

  #tools(): McpServer {
    const server = new McpServer({ name: 'upstream', version: '1.0.0' }, { capabilities: { logging: {} } })
    const text = (content: string) => ({ content: [{ type: 'text' as const, text: content }] })
    server.registerTool('read', { description: 'customers' }, async () => text('Ann, Bo'))
    server.registerTool('count', { inputSchema: { steps: z.number() } }, async ({ steps }, extra) => {
      const progressToken = extra._meta?.progressToken
      const reported = progressToken === undefined ? 0 : steps
      for (let progress = 1; progress <= reported; progress++) {
        const params = { progressToken: progressToken ?? '', progress, total: steps }
        await extra.sendNotification({ method: 'notifications/progress', params })
      }
      return text('2')
    })
    server.registerTool('ask', {}, async () => {
      const answer = await server.server.elicitInput({
        message: 'Which customer?',
        requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
      })
      return text(`${answer.action} ${String(answer.content?.['name'])}`)
    })
    server.registerTool('write', { inputSchema: { text: z.string() } }, async ({ text: written }) => {
      this.written.push(written)
      return text('written')
    })
    server.registerResource('help', 'crm://help', {}, async (uri) => ({
      contents: [{ uri: uri.href, text: 'help' }],
    }))
    server.registerPrompt('summary', {}, async () => ({
      messages: [{ role: 'user', content: { type: 'text', text: 'Summarise.' } }],
    }))
    return server
  }
}
