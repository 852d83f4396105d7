import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import type { Assignment, Epoch, Message, Order, Rss } from './worker/assignment.js'

const PROGRAM = fileURLToPath(new URL('worker/main.ts', import.meta.url))
/** How long a worker may take to come up, to audit or to end, in milliseconds: a bound for what hangs. */
const LIMIT_MS = 60_000

/** What a process leaves when it ends. */
export interface Remains {
  readonly process: number
  readonly rss: Rss
  /** Rejections that nobody handled. */
  readonly strays: readonly string[]
}

/** One process under load. */
export class WorkerProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly process: number

  /**
   * Starts it, and waits until its store is open.
   *
   * @param sourceAddress - The host that it runs on: what its connections come from.
   * @param shim - The library that sees to that.
   */
  static async start(assignment: Assignment, sourceAddress: string, shim: string): Promise<WorkerProcess> {
    const child = fork(PROGRAM, [JSON.stringify(assignment)], {
      execArgv: ['--import', 'tsx', '--max-semi-space-size=2'],
      env: { ...process.env, LD_PRELOAD: shim, SOURCE_ADDRESS: sourceAddress },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const worker = new WorkerProcess(child, assignment.process)
    try {
      await worker.#hear('ready')
      return worker
    } catch (error) {
      await worker[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(child: ChildProcess, process: number) {
    this.#child = child
    this.process = process
  }

  /** From now on the sessions of `epoch` are under load. */
  enter(epoch: Epoch): void {
    this.#tell({ order: 'epoch', ...epoch })
  }

  /** Has it load every session since `epoch.oldest` once. */
  async audit(epoch: Epoch): Promise<void> {
    this.#tell({ order: 'audit', ...epoch })
    await this.#hear('audited')
  }

  /** Lets it finish what is in flight, and ends it. */
  async stop(): Promise<Remains> {
    this.#tell({ order: 'stop' })
    const { rss, strays } = await this.#hear('ended')
    return { process: this.process, rss, strays }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  #tell(order: Order): void {
    const { connected, signalCode, exitCode } = this.#child
    if (!connected) throw new Error(`worker ${this.process} ended by itself, with ${signalCode ?? exitCode}`)
    this.#child.send(order)
  }

  async #hear<Kind extends Message['message']>(kind: Kind): Promise<Extract<Message, { message: Kind }>> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#child.off('message', onMessage).off('exit', onExit)
      }
      const onMessage = (message: Message): void => {
        if (message.message !== kind) return
        done()
        resolve(message as Extract<Message, { message: Kind }>)
      }
      const onExit = (code: number | null, signal: string | null): void => {
        done()
        reject(new Error(`worker ${this.process} ended with ${signal ?? code} before it was ${kind}`))
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error(`worker ${this.process} was not ${kind} after ${LIMIT_MS} ms`))
      }, LIMIT_MS)
      this.#child.on('message', onMessage).on('exit', onExit)
    })
  }
}
