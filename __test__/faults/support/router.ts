// A host between the store and the server that can vanish: what is connected through it is silent from then on, and
// whoever connects gets no answer to its SYN.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { fileURLToPath } from 'node:url'

import type { Listening } from '../../support/fault-proxy.js'

const PROGRAM = fileURLToPath(new URL('router-process.mjs', import.meta.url))
/** How long a connection to a process that listens may take at most, in milliseconds. */
const AT_ONCE_MS = 200

/** A running router. */
export class Router implements AsyncDisposable {
  readonly #process: ChildProcess
  #waiting: Socket[] = []
  readonly host: string
  readonly port: number

  /** Listens, on a free loopback port unless told otherwise, and forwards to 127.0.0.1:`targetPort`. */
  static async open(
    targetPort: number,
    { host, port }: Listening = { host: '127.0.0.1', port: 0 },
  ): Promise<Router> {
    const child = fork(PROGRAM, [String(targetPort), host, String(port)], { execArgv: [] })
    const [listening] = (await once(child, 'message')) as [{ address: string; port: number }]
    return new Router(child, { host: listening.address, port: listening.port })
  }

  private constructor(child: ChildProcess, { host, port }: Listening) {
    this.#process = child
    this.host = host
    this.port = port
  }

  /** Stops the process, and fills the queue of the kernel, which would accept in its place. */
  async vanish(): Promise<void> {
    this.#process.kill('SIGSTOP')
    for (let accepted = true; accepted;) {
      const socket = connect({ port: this.port, host: this.host })
      socket.on('error', () => undefined)
      this.#waiting.push(socket)
      accepted = await new Promise((resolve) => {
        socket.once('connect', () => resolve(true))
        setTimeout(() => resolve(false), AT_ONCE_MS)
      })
    }
  }

  /** It is there again. */
  comeBack(): void {
    for (const socket of this.#waiting.splice(0)) socket.destroy()
    this.#process.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#waiting.splice(0)) socket.destroy()
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }
}
