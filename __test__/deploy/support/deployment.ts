// The compose file of deploy/, booted in a folder of its own.

import type { RespClient } from '../../support/resp.js'
import { type Introduction, connectTo } from './introduction.js'
import { type Command, Project, type Report } from './project.js'

/** A running deployment; everything of it is gone after disposal. Made by `Deployment.start`. */
export class Deployment implements AsyncDisposable {
  readonly #project: Project
  #port = 0

  /** Boots the compose file with `image` for both services, on a free port. */
  static async start(image: string): Promise<Deployment> {
    const deployment = new Deployment(await Project.copy('', image, { LISTEN: '127.0.0.1:0' }))
    try {
      await deployment.up()
      return deployment
    } catch (error) {
      await deployment[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(project: Project) {
    this.#project = project
  }

  /** The published port. */
  get port(): number {
    return this.#port
  }

  /** Starts what does not run; resolves when the server answers. */
  async up(): Promise<void> {
    await this.#project.run('up', '-d')
    const published = await this.#project.run('port', 'valkey', '6379')
    this.#port = Number(published.trim().slice(published.lastIndexOf(':') + 1))
    for (let attempt = 1; ; attempt++) {
      const admin = await this.connect({ user: 'operator' }).catch((error: unknown) => {
        if (attempt === 100) throw error
      })
      if (admin !== undefined) return admin[Symbol.asyncDispose]()
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Kills the server as a power cut would, without a word to it. */
  async kill(): Promise<void> {
    await this.#project.run('kill', '-s', 'KILL', 'valkey')
  }

  /** A file of the deployment's state. */
  path(...names: readonly string[]): string {
    return this.#project.path(...names)
  }

  /** The block of store.yaml, with the paths and the port of this deployment. */
  async block(): Promise<Readonly<Record<string, unknown>>> {
    return { ...(await this.#project.block()), endpoint: `rediss://localhost:${this.#port}` }
  }

  /** Runs `indelible` as a gateway with the operator's help; answers its report. */
  async indelible(command: Command): Promise<Report> {
    return this.#project.indelible(command, await this.block())
  }

  /** A raw connection, as a gateway of this deployment unless told otherwise. */
  async connect(introduction: Introduction = {}): Promise<RespClient> {
    return connectTo(this.#port, this.path(), introduction)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#project[Symbol.asyncDispose]()
  }
}
