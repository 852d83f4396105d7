import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { StdioBridge } from './stdio-bridge.js'

const CUSTOMERS = '@modelcontextprotocol/server-customer-segmentation'
const FILES = '@modelcontextprotocol/server-filesystem'

/**
 * The two MCP servers of the demo, as published on npm: one that hands out customer data, one that writes files. Both
 * are started with stdio; the HTTP mode of the first would listen on every interface.
 */
export class ToolServers implements AsyncDisposable {
  /** Packages and versions, for the reader. */
  readonly names: readonly string[]
  /** The variables of `gateway.yaml`. */
  readonly environment: Readonly<Record<'CUSTOMERS_URL' | 'FILES_URL', string>>
  readonly #bridges: readonly StdioBridge[]

  private constructor(names: readonly string[], customers: StdioBridge, files: StdioBridge) {
    this.names = names
    this.environment = { CUSTOMERS_URL: customers.url, FILES_URL: files.url }
    this.#bridges = [customers, files]
  }

  /** @param folder - The only folder that the file server may touch. */
  static async start(folder: string): Promise<ToolServers> {
    const [customers, files] = await Promise.all([published(CUSTOMERS), published(FILES)])
    return new ToolServers(
      [customers.name, files.name],
      await StdioBridge.start(customers.script, ['--stdio']),
      await StdioBridge.start(files.script, [folder]),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#bridges.map((bridge) => bridge[Symbol.asyncDispose]()))
  }
}

/** Finds the executable of an installed package. */
async function published(name: string): Promise<{ readonly name: string; readonly script: string }> {
  const manifestFile = fileURLToPath(new URL(`../../node_modules/${name}/package.json`, import.meta.url))
  const manifest = JSON.parse(await readFile(manifestFile, 'utf8')) as {
    readonly version: string
    readonly bin: Readonly<Record<string, string>>
  }
  const [script] = Object.values(manifest.bin)
  if (script === undefined) throw new Error(`${name} has no executable`)
  return { name: `${name} ${manifest.version}`, script: join(dirname(manifestFile), script) }
}
