import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CallToolResultSchema, McpError } from '@modelcontextprotocol/sdk/types.js'

import type { GatewayNode } from './gateway-node.js'

/** How a tool call ended: the tool answered, the policy refused, or the gateway could not know and so refused. */
export type CallOutcome =
  | { readonly kind: 'answered'; readonly text: string }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'unavailable'; readonly code: number; readonly reason: string }

/** The JSON-RPC error code of a gateway that cannot reach its label store. */
export const STORE_UNAVAILABLE = 503

/** An AI agent's view: a plain MCP client with a token and the id of its run. It knows nothing of labels. */
export class Agent implements AsyncDisposable {
  readonly #node: GatewayNode
  readonly #headers: Readonly<Record<string, string>>
  readonly #clients = new Map<string, Client>()

  /** @param session - The id of the agent run, sent with every request. */
  constructor(node: GatewayNode, token: string, session: string) {
    this.#node = node
    this.#headers = { Authorization: `Bearer ${token}`, 'Agent-Session': session }
  }

  /** Calls a tool of an upstream server through the gateway. */
  async call(upstream: string, tool: string, args: Readonly<Record<string, unknown>>): Promise<CallOutcome> {
    const client = await this.#client(upstream)
    try {
      const result = CallToolResultSchema.parse(await client.callTool({ name: tool, arguments: { ...args } }))
      const text = result.content
        .map((part) => (part.type === 'text' ? part.text : `[${part.type}]`))
        .join('')
      return { kind: result.isError === true ? 'refused' : 'answered', text }
    } catch (error) {
      if (!(error instanceof McpError)) throw error
      const reason = (error.data as { readonly reason?: unknown } | undefined)?.reason
      return {
        kind: 'unavailable',
        code: error.code,
        reason: typeof reason === 'string' ? reason : error.message,
      }
    }
  }

  /** Ends the connections without a word to the gateway, which may be gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()))
    this.#clients.clear()
  }

  async #client(upstream: string): Promise<Client> {
    const open = this.#clients.get(upstream)
    if (open !== undefined) return open
    const client = new Client({ name: 'indelible-demo', version: '1.0.0' })
    const url = new URL(`/mcp/${upstream}`, this.#node.address)
    const transport = new StreamableHTTPClientTransport(url, {
      requestInit: { headers: { ...this.#headers } },
    })
    await client.connect(transport)
    this.#clients.set(upstream, client)
    return client
  }
}
