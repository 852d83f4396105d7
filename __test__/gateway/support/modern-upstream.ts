import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { acceptedContent, createMcpHandler, inputRequired, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

/** A real MCP server of 2026-07-28, which serves clients of 2025-11-25 without sessions. */
export class ModernUpstream implements AsyncDisposable {
  /** Texts that `write` was called with. */
  readonly written: string[] = []
  readonly #handler = createMcpHandler(() => this.#tools())
  // Its own type leaves no room for a property that is there and undefined.
  readonly #server = createServer(toNodeHandler(this.#handler) as RequestListener)

  static async start(): Promise<ModernUpstream> {
    const upstream = new ModernUpstream()
    upstream.#server.listen(0, '127.0.0.1')
    await once(upstream.#server, 'listening')
    return upstream
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`
  }

  /** Tells whoever listens that the list of tools has changed. */
  announceTools(): void {
    this.#handler.notify.toolsChanged()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
    await this.#handler.close()
  }

  #tools(): McpServer {
    const server = new McpServer({ name: 'upstream', version: '1.0.0' })
    const text = (content: string) => ({ content: [{ type: 'text' as const, text: content }] })
    server.registerTool('read', { description: 'customers' }, async () => text('Ann, Bo'))
    server.registerTool(
      'count',
      { inputSchema: z.object({ steps: z.number() }) },
      async ({ steps }, context) => {
        const progressToken = context.mcpReq._meta?.progressToken
        const reported = progressToken === undefined ? 0 : steps
        for (let progress = 1; progress <= reported; progress++) {
          const params = { progressToken: progressToken ?? '', progress, total: steps }
          await context.mcpReq.notify({ method: 'notifications/progress', params })
        }
        return text('2')
      },
    )
    const customer = z.object({ name: z.string() })
    server.registerTool('ask', {}, async (context) => {
      const answer = acceptedContent(context.mcpReq.inputResponses, 'customer', customer)
      if (answer !== undefined) return text(`accept ${answer.name}`)
      const customerRequest = inputRequired.elicit({ message: 'Which customer?', requestedSchema: customer })
      return inputRequired({ inputRequests: { customer: customerRequest } })
    })
    server.registerTool(
      'write',
      { inputSchema: z.object({ text: z.string() }) },
      async ({ text: written }) => {
        this.written.push(written)
        return text('written')
      },
    )
    server.registerResource('help', 'crm://help', {}, async (uri) => ({
      contents: [{ uri: uri.href, text: 'help' }],
    }))
    server.registerPrompt('summary', {}, async () => ({
      messages: [{ role: 'user', content: { type: 'text', text: 'Summarise.' } }],
    }))
    return server
  }
}
