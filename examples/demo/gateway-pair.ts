import type { Agent } from './agent.js'
import type { GatewayNode } from './gateway-node.js'
import type { Stage } from './stage.js'

/** The gateways A and B: separate processes with the same configuration. */
export class GatewayPair implements AsyncDisposable {
  readonly #stage: Stage
  readonly #a: GatewayNode
  readonly #b: GatewayNode

  private constructor(stage: Stage, a: GatewayNode, b: GatewayNode) {
    this.#stage = stage
    this.#a = a
    this.#b = b
  }

  /** @param storeLine - The line of the configuration that selects the store. */
  static async start(stage: Stage, storeLine: string): Promise<GatewayPair> {
    const a = await stage.gateway(storeLine)
    try {
      return new GatewayPair(stage, a, await stage.gateway(storeLine))
    } catch (error) {
      await a.crash()
      throw error
    }
  }

  /** One agent run that talks to both gateways. */
  agents(session: string): AgentPair {
    return new AgentPair(this.#stage.agent(this.#a, session), this.#stage.agent(this.#b, session))
  }

  /** Waits until both have raised this alarm. */
  async alarm(name: string): Promise<void> {
    await Promise.all([this.#a.alarm(name), this.#b.alarm(name)])
  }

  /** Kills both. */
  async crash(): Promise<void> {
    await Promise.all([this.#a.crash(), this.#b.crash()])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.crash()
  }
}

/** The same agent run as each gateway sees it. */
export class AgentPair implements AsyncDisposable {
  readonly a: Agent
  readonly b: Agent

  constructor(a: Agent, b: Agent) {
    this.a = a
    this.b = b
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.a[Symbol.asyncDispose](), this.b[Symbol.asyncDispose]()])
  }
}
