import { startServer, type TestServer } from '../../scripts/test-server.mjs'
import { until } from '../../__test__/support/topologies/until.js'
import { connect } from '../../__test__/support/resp.js'

/** How long a replica may take to confirm one write, in milliseconds; then it is asked about another. */
const CONFIRMATION_MS = 1_000

/** A primary and one replica that is in step with it. */
export class Replicated implements AsyncDisposable {
  readonly primary: TestServer
  readonly #replica: TestServer

  private constructor(primary: TestServer, replica: TestServer) {
    this.primary = primary
    this.#replica = replica
  }

  static async start(): Promise<Replicated> {
    const primary = await startServer({ config: { 'repl-diskless-sync-delay': 0 } })
    const replica = await startServer({ args: ['--replicaof', primary.host, String(primary.port)] })
    await using admin = await connect(primary.port)
    // That the primary calls it online says only that it has been sent everything: Valkey takes up to a second to load it.
    await until('a replica in step', async () => {
      await admin.send('SET', 'probe', 'written')
      return (await admin.send('WAIT', '1', String(CONFIRMATION_MS))) === 1
    })
    return new Replicated(primary, replica)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#replica[Symbol.asyncDispose]()
    await this.primary[Symbol.asyncDispose]()
  }
}
