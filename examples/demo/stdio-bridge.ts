import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'

/**
 * Serves an MCP server that speaks stdio over Streamable HTTP, on a free loopback port. A stdio server knows one client
 * only, so every HTTP session has a process of its own; messages pass through as they are.
 */
export class StdioBridge implements AsyncDisposable {
  readonly #script: string
  readonly #args: readonly string[]
  readonly #http: Server
  readonly #sessions = new Map<string, StreamableHTTPServerTransport>()

  private constructor(script: string, args: readonly string[]) {
    this.#script = script
    this.#args = args
    this.#http = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(502)
        response.end(error instanceof Error ? error.message : 'the stdio server failed')
      })
    })
  }

  /**
   * @param script - The JavaScript file of the server, run by this Node.
   * @param args - Its arguments.
   */
  static async start(script: string, args: readonly string[]): Promise<StdioBridge> {
    const bridge = new StdioBridge(script, args)
    bridge.#http.listen(0, '127.0.0.1')
    await once(bridge.#http, 'listening')
    return bridge
  }

  /** Where the gateway finds the server. */
  get url(): string {
    return `http://${this.#host}/mcp`
  }

  /** Ends every session's process and the listener. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()))
    this.#http.closeAllConnections()
    await new Promise((resolve) => this.#http.close(resolve))
  }

  get #host(): string {
    return `127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A web page that made its own name resolve to this address still sends that name.
    if (request.headers.host !== this.#host || request.headers.origin !== undefined) {
      response.writeHead(403).end()
      return
    }
    const id = request.headers['mcp-session-id']
    const session = typeof id === 'string' ? this.#sessions.get(id) : await this.#openSession()
    if (session === undefined) response.writeHead(404).end()
    else await session.handleRequest(request, response)
  }

  /** Joins a new process to a new HTTP session; when one of the two ends, so does the other. */
  async #openSession(): Promise<StreamableHTTPServerTransport> {
    const stdio: Transport = new StdioClientTransport({
      command: process.execPath,
      args: [this.#script, ...this.#args],
      stderr: 'ignore',
    })
    const http = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void this.#sessions.set(id, http),
    })
    const fail = (): void => void http.close()
    // oxlint-disable unicorn/prefer-add-event-listener -- the SDK's transports have callbacks, not events
    http.onmessage = (message) => void stdio.send(message).catch(fail)
    stdio.onmessage = (message) => void http.send(message).catch(fail)
    http.onclose = () => {
      if (http.sessionId !== undefined) this.#sessions.delete(http.sessionId)
      void stdio.close()
    }
    stdio.onclose = fail
    // oxlint-enable unicorn/prefer-add-event-listener
    await stdio.start()
    return http
  }
}
