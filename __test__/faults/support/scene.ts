// Where a fault strikes: the store on one side, a real server on the other, and between them what can go wrong.

import type { TlsOptions } from 'node:tls'

import { type ServerOptions, type TestServer, startServer } from '../../../scripts/test-server.mjs'
import { FaultProxy } from '../../support/fault-proxy.js'
import { type RespClient, connect } from '../../support/resp.js'
import { TlsFront } from '../../valkey/support/tls-front.js'
import { Gate } from './gate.js'
import { Router } from './router.js'
import { type Purpose, type User, type Variant, authority, identity, newUser } from './variant.js'

/** Time-outs for what prepares a scene and is not what it is about. */
export const PATIENT = { connectTimeoutMs: 5_000, commandTimeoutMs: 5_000 } as const

/** What one cell needs. */
export interface Needs {
  readonly variant: Variant
  readonly purpose: Purpose
  /** What the last reply of a pipeline contains, if not the generation. */
  readonly lastReply: RegExp | undefined
  readonly server: ServerOptions
  /** A router stands before everything else. */
  readonly router: boolean
}

/**
 * store → router, if there is one → proxy → TLS front, if there is one → gate → server. Made by `Scene.set`.
 */
export class Scene implements AsyncDisposable {
  readonly server: TestServer
  /** Stops pipelines by what they say: it sees plain text. */
  readonly gate: Gate
  /** Does to bytes what networks do. Everything that the store dials is counted by its `connections`. */
  readonly proxy: FaultProxy
  readonly router: Router | undefined
  readonly user: User
  /** As a user with every right; outlives what happens to the store's connections. */
  readonly admin: RespClient
  /** What a store needs to know to get here, besides where. */
  readonly login: Readonly<Record<string, unknown>>
  readonly #variant: Variant
  readonly #fronts: TlsFront[] = []
  /** What a fault has to remember until it is healed. */
  memo: string = ''

  static async set(needs: Needs): Promise<Scene> {
    const user = newUser(needs.purpose, needs.variant)
    const server = await startServer({ ...needs.server, file: [user.line] })
    const gate = await Gate.open(server.port, needs.lastReply)
    const proxy = await FaultProxy.open(gate.port)
    const router = needs.router ? await Router.open(proxy.port) : undefined
    const scene = new Scene(needs.variant, {
      server,
      gate,
      proxy,
      router,
      user,
      admin: await connect(server.port),
    })
    if (needs.variant.tls) await scene.show(identity)
    return scene
  }

  private constructor(
    variant: Variant,
    parts: Pick<Scene, 'server' | 'gate' | 'proxy' | 'router' | 'user' | 'admin'>,
  ) {
    this.#variant = variant
    this.server = parts.server
    this.gate = parts.gate
    this.proxy = parts.proxy
    this.router = parts.router
    this.user = parts.user
    this.admin = parts.admin
    const { username, password } = parts.user
    this.login = { username, password, ...(variant.tls ? { tls: { ca: authority.cert } } : {}) }
  }

  /** Where the store finds the server. */
  get url(): string {
    return `${this.#variant.tls ? 'rediss' : 'redis'}://127.0.0.1:${(this.router ?? this.proxy).port}`
  }

  /** Has new connections meet TLS with these options. */
  async show(options: TlsOptions): Promise<void> {
    const front = await TlsFront.open(this.gate.port, options)
    this.#fronts.push(front)
    this.proxy.retarget(front.port)
  }

  /** Has new connections meet the TLS of before `show`. */
  hide(): void {
    const [front] = this.#fronts
    if (front !== undefined) this.proxy.retarget(front.port)
  }

  /** Changes the rights of the store's user. */
  async setUser(...rules: readonly string[]): Promise<unknown> {
    return this.admin.send('ACL', 'SETUSER', this.user.username, ...rules)
  }

  /** Gives the store's user back what it had, even if it is gone. */
  async restoreUser(): Promise<void> {
    const words = this.user.line.match(/\([^)]*\)|\S+/g) ?? []
    await this.setUser('reset', ...words.slice(2))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.admin.close()
    await this.router?.[Symbol.asyncDispose]()
    await this.proxy[Symbol.asyncDispose]()
    for (const front of this.#fronts) await front[Symbol.asyncDispose]()
    await this.gate[Symbol.asyncDispose]()
    await this.server[Symbol.asyncDispose]()
  }
}
