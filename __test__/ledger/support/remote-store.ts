// A store in another process, with mechanisms switched off if a test says so.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { switchedAddon } from '../../../scripts/build-switched.mjs'

const PROGRAM = fileURLToPath(new URL('store-process.mjs', import.meta.url))

/** The mechanisms that the switched addon can do without, by the names that it knows them by. */
export type Mechanism =
  | 'decoding'
  | 'results'
  | 'proof'
  | 'generation'
  | 'fence'
  | 'topology'
  | 'wait'
  | 'checks'
  | 'expiry'
  | 'ratchet'
  | 'ttl-bounds'
  | 'doubt'
  | 'deadline'

/** An error as it left the other process. */
export interface RemoteError {
  readonly code: string
  readonly reason?: string
  readonly [field: string]: unknown
}

/** A load as it left the other process. */
export type RemoteLoad =
  | { readonly ok: true; readonly labels: readonly string[] }
  | { readonly ok: false; readonly error: RemoteError }

/** An append as it left the other process. */
export type RemoteAppend = { readonly ok: true } | { readonly ok: false; readonly error: RemoteError }

/** Which addon a process loads. */
export interface Build {
  /** `shipped` is the one in `native/`; `switched` has switches, and without `off` all mechanisms are on. */
  readonly addon: 'shipped' | 'switched'
  readonly off?: readonly Mechanism[]
  /** More of the environment of the process. */
  readonly env?: Readonly<Record<string, string>>
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** A process with a store in it. Its configuration names its server. */
export class RemoteStore implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #next = 0

  /**
   * Starts a process without a store.
   *
   * Mechanisms that are `off` need the switched build; all on, the shipped addon is the one that must hold.
   */
  static async start({ addon, off = [], env: more = {} }: Build): Promise<RemoteStore> {
    // To write a backtrace takes longer than a deadline.
    const env: NodeJS.ProcessEnv = { ...process.env, RUST_BACKTRACE: '0', ...more }
    delete env['INDELIBLE_NATIVE_PATH']
    if (addon === 'switched') env['INDELIBLE_NATIVE_PATH'] = await switchedAddon()
    env['INDELIBLE_TEST_SWITCHES'] = off.join(',')
    return new RemoteStore(
      fork(PROGRAM, { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
    )
  }

  /** Starts a process and opens a store in it. */
  static async open(build: Build, config: Readonly<Record<string, unknown>>): Promise<RemoteStore> {
    const store = await RemoteStore.start(build)
    try {
      await store.ask('open', { kind: 'valkey', ...config })
      return store
    } catch (error) {
      await store[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message) => this.#settle(message as { id: number; value?: unknown; error?: object }))
    child.once('exit', (code, signal) => {
      const error = new Error(`the store's process ended with ${code ?? signal}`)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
    })
  }

  /** Whether its process is still there. */
  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async load(session: string | readonly string[]): Promise<RemoteLoad> {
    return (await this.ask('load', session)) as RemoteLoad
  }

  async append(session: string | readonly string[], labels: readonly string[]): Promise<RemoteAppend> {
    return (await this.ask('append', session, labels)) as RemoteAppend
  }

  /** The names of the alarms so far. */
  async alarms(): Promise<readonly string[]> {
    return ((await this.ask('alarms')) as { name: string }[]).map(({ name }) => name)
  }

  /** Runs one of the actions of `store-process.mjs`. */
  async ask(action: string, ...args: readonly unknown[]): Promise<unknown> {
    if (!this.isAlive) throw new Error("the store's process has ended")
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, action, args })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isAlive) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  #settle({ id, value, error }: { id: number; value?: unknown; error?: object }): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(Object.assign(new Error('the other process threw'), error))
  }
}
