// One real server per test file.

import { type TestContext, afterAll, beforeAll, beforeEach } from 'vitest'

import {
  NoServerError,
  type ServerOptions,
  type TestServer,
  startServer,
} from '../../scripts/test-server.mjs'

export { type TestServer, startServer } from '../../scripts/test-server.mjs'

/** True when a missing server must fail the run instead of skipping tests. */
const required = process.env['REQUIRE_VALKEY_TESTS'] === '1'

/**
 * Registers hooks that start a server before the tests of this file or `describe` block and remove it afterwards.
 * Without any server to be found every test is skipped, loudly, or fails under `REQUIRE_VALKEY_TESTS=1`.
 *
 * @returns a function giving the running server; call it inside tests and hooks only.
 */
export function ownServer(options: ServerOptions = {}): () => TestServer {
  let server: TestServer | undefined
  let missing: NoServerError | undefined

  beforeAll(async () => {
    try {
      server = await startServer(options)
    } catch (error) {
      if (required || !(error instanceof NoServerError)) throw error
      missing = error
      process.stderr.write(`\nSKIPPED: ${error.message}\n`)
    }
  })
  beforeEach((context: TestContext) => context.skip(missing !== undefined, missing?.message))
  afterAll(async () => server?.[Symbol.asyncDispose]())

  return () => {
    if (server === undefined) throw new Error('the server runs only while the tests do')
    return server
  }
}
