import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { until } from '../../__test__/support/topologies/until.js'
import { command } from '../../scripts/command.mjs'

/** The operator's `indelible init`, against one server and past the network. */
export class Generation {
  readonly #folder: string
  readonly #ttlSeconds: number

  /** @param folder - Gets the configuration that the command reads. */
  constructor(folder: string, ttlSeconds: number) {
    this.#folder = folder
    this.#ttlSeconds = ttlSeconds
  }

  /** Creates it. */
  async create(url: string): Promise<void> {
    await this.#init(url)
  }

  /** Tells every node that what was lost is lost, as soon as the server takes it: it may be full for the moment. */
  async accept(url: string): Promise<void> {
    await until('the server to take a generation', async () => {
      await this.#init(url, '--accept', '--yes')
      return true
    })
  }

  async #init(url: string, ...options: readonly string[]): Promise<void> {
    const file = join(this.#folder, 'operator.json')
    await writeFile(
      file,
      JSON.stringify({ store: { kind: 'valkey', endpoint: url, ttlSeconds: this.#ttlSeconds } }),
    )
    const output: string[] = []
    await command(process.execPath, ['dist/cli/main.js', 'init', '--config', file, ...options], {
      onOutput: (text) => output.push(text),
      echo: false,
    }).catch((cause: unknown) => {
      throw new Error(`indelible init failed: ${output.join('')}`, { cause })
    })
  }
}
