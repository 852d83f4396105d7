import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { ClosedLoop } from '../closed-loop.js'
import type { LatencyHistogram } from '../latency-histogram.js'
import type { Workload } from '../workload.js'
import { METHODS, TOKEN, type Traffic } from './protocol.js'

/** Agent sessions that call. */
const SESSIONS = 100

/** Requests of MCP clients to the upstream `crm` behind a relay. */
export class GatewayWorkload implements Workload {
  readonly #agent = new Agent({ keepAlive: true })
  readonly #url: string
  readonly #traffic: Traffic
  readonly #loop: ClosedLoop

  constructor(address: string, traffic: Traffic) {
    this.#url = `${address}/mcp/crm`
    this.#traffic = traffic
    this.#loop = new ClosedLoop((turn) => this.#exchange(turn))
  }

  get operations(): number {
    return this.#loop.operations
  }

  async seed(): Promise<void> {
    for (let session = 0; session < SESSIONS; session += 1) await this.#exchange(session)
  }

  run(callers: number, latencies: LatencyHistogram): Promise<void> {
    return this.#loop.run(callers, latencies)
  }

  stop(): void {
    this.#loop.stop()
  }

  async close(): Promise<void> {
    this.#agent.destroy()
  }

  /** @throws When the answer is not the result that the upstream gives: a relay that refuses cannot take part. */
  async #exchange(turn: number): Promise<void> {
    const params = { name: 'read', arguments: { customer: `customer-${turn % 1_000}` } }
    const body = JSON.stringify({ jsonrpc: '2.0', id: turn, method: METHODS[this.#traffic], params })
    const answer = await new Promise<string>((resolve, reject) => {
      const headers = {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${TOKEN}`,
        'x-session': `session-${turn % SESSIONS}`,
        'content-length': Buffer.byteLength(body),
      }
      const outgoing = request(this.#url, { method: 'POST', agent: this.#agent, headers }, (response) => {
        text(response).then(resolve, reject)
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })
    const { id, result } = JSON.parse(answer) as {
      id?: unknown
      result?: { content?: unknown; isError?: true }
    }
    if (id !== turn || result?.content === undefined || result.isError) throw new Error(`refused: ${answer}`)
  }
}
