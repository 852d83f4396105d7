import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'

/** A request as an upstream got it. */
export interface SeenRequest {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void

/** An upstream that records what reaches it and answers as told. */
export class RawUpstream implements AsyncDisposable {
  readonly seen: SeenRequest[] = []
  /** Connections that were closed before the answer was complete. */
  aborted = 0
  answer: Answer = answerResult({ content: [{ type: 'text', text: 'ok' }] })
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const seen = {
        method: request.method ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      }
      this.seen.push(seen)
      response.on('close', () => {
        if (!response.writableFinished) this.aborted++
      })
      this.answer(seen, response)
    })
  })

  /** The last request that reached it. */
  get last(): SeenRequest {
    const last = this.seen.at(-1)
    if (last === undefined) throw new Error('nothing has reached the upstream')
    return last
  }

  /** How many connections are open. */
  connections(): Promise<number> {
    return promisify(this.#server.getConnections.bind(this.#server))()
  }

  /** Forgets what it has seen and answers as at first. */
  reset(): void {
    this.seen.length = 0
    this.aborted = 0
    this.answer = answerResult({ content: [{ type: 'text', text: 'ok' }] })
  }

  static async start(): Promise<RawUpstream> {
    const upstream = new RawUpstream()
    upstream.#server.listen(0, '127.0.0.1')
    await once(upstream.#server, 'listening')
    return upstream
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}

/** Answers every request with this result, as JSON, and takes notifications and answers. */
export function answerResult(result: unknown): Answer {
  return ({ body }, response) => {
    const { id, method } = JSON.parse(body || '{}') as { id?: unknown; method?: string }
    if (id === undefined || method === undefined) return void response.writeHead(202).end()
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  }
}
