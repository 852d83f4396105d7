import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { connect } from '../../__test__/support/resp.js'
import type { TestServer } from '../../scripts/test-server.mjs'
import type { Fault } from '../nemesis/fault.js'

const USERNAME = 'soak'
const RULES = 'resetkeys resetchannels ~* &* +@all -@dangerous +info +config|get +role'

/** The user that the nodes log in as, whose password changes under way. */
export class Account {
  readonly #file: string
  readonly #servers: () => readonly TestServer[]
  #password = randomBytes(16).toString('hex')

  /**
   * @param folder - Gets the file that the nodes read the password from.
   * @param servers - All that know the user.
   */
  constructor(folder: string, servers: () => readonly TestServer[]) {
    this.#file = join(folder, 'password')
    this.#servers = servers
  }

  /** The line of a server's configuration file that makes the user. */
  get line(): string {
    return `user ${USERNAME} on >${this.#password} ${RULES}`
  }

  /** The part of a store's configuration. */
  get credentials(): { readonly username: string; readonly passwordFile: string } {
    return { username: USERNAME, passwordFile: this.#file }
  }

  /** Writes the password's file. */
  async ready(): Promise<void> {
    await writeFile(this.#file, this.#password, { mode: 0o600 })
  }

  /** A new password: known to the servers before the nodes, then the old one ends. Every server must be up. */
  get rotation(): Fault {
    return {
      name: 'password rotated',
      kind: 'data',
      lasts: [100, 1_000],
      strike: async () => {
        const old = this.#password
        this.#password = randomBytes(16).toString('hex')
        await this.#onAll('ACL', 'SETUSER', USERNAME, `>${this.#password}`)
        await this.ready()
        return async () => {
          await this.#onAll('ACL', 'SETUSER', USERNAME, `<${old}`)
          await this.#onAll('CLIENT', 'KILL', 'USER', USERNAME)
          // So that a server that is started again knows the new one.
          await this.#onAll('CONFIG', 'REWRITE')
        }
      },
    }
  }

  async #onAll(...command: readonly string[]): Promise<void> {
    for (const server of this.#servers()) {
      await using admin = await connect(server.port)
      await admin.send(...command)
    }
  }
}
