import { type RespClient, type RespValue, connect } from '../../__test__/support/resp.js'
import { slotOf } from '../../__test__/support/topologies/valkey-cluster.js'
import type { Assignment, RawRoute } from './assignment.js'
import type { AppendEnd, LoadEnd, Subject } from './subject.js'

/** How long a reply may take, in milliseconds; also that to a question where the primary is. */
const TIMEOUT_MS = 500

/**
 * The control: SADD and SMEMBERS as a plain client sends them, found by what sentinels or MOVED say, and nothing more. A
 * check that this passes would prove nothing.
 */
export class RawSubject implements Subject {
  readonly #route: RawRoute
  /** Keeps a connection whose reply is late, as most clients do. */
  readonly #hangs: boolean
  readonly #connections = new Map<number, Promise<RespClient>>()
  /** Which port serves a slot, as far as MOVED has told; 0 stands for all where there are no slots. */
  readonly #ports = new Map<number, number>()

  constructor({ route, hangs }: Extract<Assignment['subject'], { kind: 'raw' }>) {
    this.#route = route
    this.#hangs = hangs
  }

  async append(session: string, label: string): Promise<AppendEnd> {
    try {
      await this.#send(session, 'SADD', label)
      return { result: 'ok' }
    } catch (error) {
      return { result: 'unknown', code: codeOf(error) }
    }
  }

  async load(session: string): Promise<LoadEnd> {
    try {
      const members = await this.#send(session, 'SMEMBERS')
      if (!Array.isArray(members)) throw new TypeError('SMEMBERS answered no array')
      return { result: 'ok', labels: members.map(String) }
    } catch (error) {
      return { result: 'fail', code: codeOf(error) }
    }
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values())
      await connection.then((client) => client.close()).catch(String)
  }

  async #send(session: string, command: string, ...args: readonly string[]): Promise<RespValue> {
    const slot = this.#route.kind === 'cluster' ? slotOf(session) : 0
    for (let hops = 0; ; hops++) {
      const port = this.#ports.get(slot) ?? (await inTime(this.#locate()))
      this.#ports.set(slot, port)
      try {
        return await this.#ask(port, command, session, ...args)
      } catch (error) {
        const moved = /^MOVED \d+ .*:(\d+)$/.exec(error instanceof Error ? error.message : '')?.[1]
        if (moved === undefined || hops === 3) {
          if (!(error instanceof LateReply && this.#hangs)) this.#forget(slot, port)
          throw error
        }
        this.#ports.set(slot, Number(moved))
      }
    }
  }

  async #ask(port: number, ...command: readonly string[]): Promise<RespValue> {
    let connection = this.#connections.get(port)
    if (connection === undefined) {
      connection = connect(port)
      this.#connections.set(port, connection)
    }
    return inTime(connection.then((client) => client.send(...command)))
  }

  /** The next question is asked on another connection, to whoever is called the primary by then. */
  #forget(slot: number, port: number): void {
    this.#ports.delete(slot)
    void this.#connections
      .get(port)
      ?.then((client) => client.close())
      .catch(String)
    this.#connections.delete(port)
  }

  async #locate(): Promise<number> {
    const route = this.#route
    if (route.kind === 'server') return route.port
    const port = route.ports[Math.floor(Math.random() * route.ports.length)] ?? 0
    if (route.kind === 'cluster') return port
    await using sentinel = await connect(port)
    const address = await sentinel.send('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', route.service)
    if (!Array.isArray(address)) throw new Error('the sentinel names no primary')
    return Number(address[1])
  }
}

/** The code word of the server or of the system, which many failures share. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error ? String(error.code) : error.message
}

/** The reply did not come within the time-out. */
class LateReply extends Error {}

async function inTime<Value>(answer: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LateReply('no reply in time')), TIMEOUT_MS)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
