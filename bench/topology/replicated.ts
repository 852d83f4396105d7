import { startServer, type TestServer } from '../../scripts/test-server.mjs'
import { until } from '../../__test__/support/topologies/until.js'
import { connect } from '../../__test__/support/resp.js'

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
    await until('a replica in step', async () =>
      String(await admin.send('INFO', 'replication')).includes('state=online'),
    )
    return new Replicated(primary, replica)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#replica[Symbol.asyncDispose]()
    await this.primary[Symbol.asyncDispose]()
  }
}
