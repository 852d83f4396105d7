import { startServer, type TestServer } from '../../scripts/test-server.mjs'
import { startReplica } from '../../__test__/support/topologies/replica.js'

/** A primary and one replica that is in step with it. */
export class Replicated implements AsyncDisposable {
  readonly primary: TestServer
  readonly #replica: TestServer

  private constructor(primary: TestServer, replica: TestServer) {
    this.primary = primary
    this.#replica = replica
  }

  static async start(): Promise<Replicated> {
    const primary = await startServer()
    const replica = await startReplica(primary)
    return new Replicated(primary, replica)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#replica[Symbol.asyncDispose]()
    await this.primary[Symbol.asyncDispose]()
  }
}
