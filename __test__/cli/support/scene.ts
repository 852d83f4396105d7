// What the tests of a command that looks at a server need: one of their own, emptied before each test, somebody who may
// do everything there, and a folder for files.

import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, beforeEach } from 'vitest'

import type { ServerOptions } from '../../../scripts/test-server.mjs'
import { type RespClient, connect } from '../../support/resp.js'
import { type TestServer, ownServer } from '../../support/servers.js'

export interface Scene {
  readonly server: () => TestServer
  /** A connection to it as its default user. */
  readonly admin: () => RespClient
  /** Writes a file that is removed after the tests. @returns its path. */
  readonly file: (text: string) => Promise<string>
}

/** Registers the hooks; call what it gives inside tests and hooks only. */
export function ownScene(options: ServerOptions = {}): Scene {
  const server = ownServer(options)
  let admin: RespClient
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-cli-'))
  })
  beforeEach(async () => {
    admin = await connect(server().port)
    await admin.send('FLUSHALL')
    return () => admin.close()
  })
  afterAll(() => rm(folder, { recursive: true }))

  return {
    server,
    admin: () => admin,
    async file(text) {
      const path = join(folder, randomUUID())
      await writeFile(path, text)
      return path
    },
  }
}
