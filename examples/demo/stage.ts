import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Agent } from './agent.js'
import { GatewayNode } from './gateway-node.js'
import type { ToolServers } from './tool-servers.js'

const GATEWAY_CONFIG = new URL('gateway.yaml', import.meta.url)

/** What both acts share: the tool servers, the folder that they write to, and the analyst's token. */
export class Stage {
  /** The folder of the file server. */
  readonly workspace: string
  readonly #configs: string
  readonly #servers: ToolServers
  readonly #token = randomUUID()

  /**
   * @param servers - Started on `workspace`.
   * @param configs - A folder for configuration files.
   */
  constructor(servers: ToolServers, workspace: string, configs: string) {
    this.#servers = servers
    this.workspace = workspace
    this.#configs = configs
  }

  /** Starts a gateway with the configuration of `gateway.yaml` and, if given, the line that selects a store. */
  async gateway(storeLine = ''): Promise<GatewayNode> {
    const config = join(this.#configs, `${randomUUID()}.yaml`)
    await writeFile(config, `${await readFile(GATEWAY_CONFIG, 'utf8')}\n${storeLine}\n`)
    return await GatewayNode.start(config, { ...this.#servers.environment, DEMO_TOKEN: this.#token })
  }

  agent(node: GatewayNode, session: string): Agent {
    return new Agent(node, this.#token, session)
  }

  path(file: string): string {
    return join(this.workspace, file)
  }
}

/** The customers in an answer of the customer server. */
export function customersIn(text: string): readonly unknown[] {
  const { customers } = JSON.parse(text) as { readonly customers?: unknown }
  if (!Array.isArray(customers) || customers.length === 0) throw new Error('the answer holds no customers')
  return customers
}
