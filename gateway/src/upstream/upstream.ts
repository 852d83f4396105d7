import { Pool } from 'undici'
import type { Dispatcher } from 'undici'
import type { UpstreamConfig } from '../config/gateway-config.js'
import { Catalogue } from './catalogue.js'

const DEFAULT_TIMEOUT_MS = 300_000

/** One HTTP exchange: what to send. The answer goes to the handler given beside it. */
export interface UpstreamRequest {
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly headers: Record<string, string>
  readonly body: Buffer | null
}

/** An MCP server behind the gateway, with its connections and what may be used of it. */
export class Upstream {
  readonly name: string
  readonly catalogue: Catalogue
  /** Headers that every request to this upstream carries. */
  readonly headers: Readonly<Record<string, string>>
  readonly #pool: Pool
  readonly #path: string

  constructor(name: string, config: UpstreamConfig) {
    const url = new URL(config.url)
    this.name = name
    this.catalogue = new Catalogue(config)
    this.headers = lowerCaseNames(config.headers ?? {})
    this.#path = url.pathname
    this.#pool = new Pool(url.origin, {
      headersTimeout: config.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      bodyTimeout: 0, // a stream may be silent for as long as its server likes
      pipelining: 1,
    })
  }

  /** Sends a request once: nothing here is retried, since a tool may have acted. Redirects are not followed. */
  dispatch({ method, headers, body }: UpstreamRequest, handler: Dispatcher.DispatchHandler): void {
    this.#pool.dispatch({ path: this.#path, method, headers, body }, handler)
  }

  /** Ends the connections; exchanges under way fail. */
  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}

function lowerCaseNames(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
