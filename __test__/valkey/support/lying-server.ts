// A scripted server that is sound until it is told to lie.

import { type Answer, type Command, ScriptedServer, reply } from '../../support/scripted-server.js'

/** The answer that is no lie. */
export const TRUTH: unique symbol = Symbol('the truth')

/** What it says instead of the truth; undefined leaves the command without an answer. */
export type Lie = (command: Command) => Answer | typeof TRUTH

/** The set that it holds for every session, whatever is added. */
export const HELD: readonly string[] = ['PII', 'SECRET']

/** The generation of its keyspace. */
export const GENERATION = `v1 ${'0123456789abcdef'.repeat(2)} sha256 -`

const INFO = [
  'redis_version:7.0.15',
  `run_id:${'0'.repeat(40)}`,
  `master_replid:${'0'.repeat(40)}`,
  'role:master',
  'loading:0',
  'maxmemory_policy:noeviction',
  'evicted_keys:0',
  'aof_enabled:1',
].join('\r\n')

/** `ScriptedServer` with enough of a server behind it for a store to work: one session, one connection at a time. */
export class LyingServer implements AsyncDisposable {
  readonly #server: ScriptedServer
  #lie: Lie | undefined
  /** Commands queued since MULTI, or undefined outside a transaction. */
  #queued: number | undefined

  static async open(): Promise<LyingServer> {
    let lying: LyingServer | undefined
    const server = await ScriptedServer.open((command) => lying?.answer(command))
    lying = new LyingServer(server)
    return lying
  }

  private constructor(server: ScriptedServer) {
    this.#server = server
  }

  get url(): string {
    return this.#server.url
  }

  /** From now on, until told otherwise. */
  lie(lie: Lie | undefined): void {
    this.#lie = lie
  }

  answer(command: Command): Answer {
    const truth = this.#truth(command) // told or not, it keeps count of the transaction
    const told = this.#lie === undefined ? TRUTH : this.#lie(command)
    return told === TRUTH ? truth : told
  }

  #truth([name]: Command): Answer {
    if (name === 'MULTI') {
      this.#queued = 0
      return reply.ok
    }
    if (name === 'EXEC') {
      const results = Array.from({ length: this.#queued ?? 0 }, () => reply.integer(1))
      this.#queued = undefined
      return reply.array(...results)
    }
    if (this.#queued !== undefined) {
      this.#queued += 1
      return reply.queued
    }
    switch (name) {
      case 'INFO':
        return reply.bulk(INFO)
      case 'GETEX':
        return reply.bulk(GENERATION)
      case 'SMEMBERS':
        return reply.array(...HELD.map((label) => reply.bulk(label)))
      case 'EXPIRE':
        return reply.integer(1)
      default:
        return reply.ok
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]()
  }
}
