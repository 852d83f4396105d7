// A raw RESP client: what the tests use to look at the server behind the store's back.

import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'

import { Monitor } from './monitor.js'
import { RespError, RespParser, type RespValue, encodeCommand } from './resp-parser.js'

export { Monitor, type MonitoredCommand } from './monitor.js'
export { RespError, type RespValue } from './resp-parser.js'

/** Connects to 127.0.0.1:`port`, from an address of loopback if one is given. Rejects when nothing listens there. */
export async function connect(port: number, localAddress?: string): Promise<RespClient> {
  const from = localAddress === undefined ? {} : { localAddress }
  const socket = connectSocket({ port, host: '127.0.0.1', noDelay: true, ...from })
  await once(socket, 'connect')
  return new RespClient(socket, port)
}

interface Waiting {
  resolve(value: RespValue): void
  reject(error: Error): void
}

/** One connection. Commands may be sent without waiting for earlier replies. Made by `connect`. */
export class RespClient implements AsyncDisposable {
  readonly #socket: Socket
  readonly #port: number
  readonly #waiting: Waiting[] = []
  #failed = false
  #onPush: ((value: RespValue) => void) | undefined

  constructor(socket: Socket, port: number) {
    this.#socket = socket
    this.#port = port
    const parser = new RespParser()
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const value of parser.feed(chunk)) this.#deliver(value)
      } catch (error) {
        socket.destroy(error as Error)
      }
    })
    // Under TLS an error or an end may come without a close, and leave the socket looking alive.
    socket.on('error', (error) => this.#fail(error))
    socket.on('end', () => this.#fail(new Error('the server closed the connection')))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  /** Sends one command and resolves to its reply; rejects with `RespError` when that is an error. */
  async send(...args: readonly (string | Buffer)[]): Promise<RespValue> {
    if (this.#failed || this.#socket.destroyed) throw new Error('the connection is closed')
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#socket.write(encodeCommand(args))
    })
  }

  /** Turns this connection into a MONITOR. It takes no further commands. */
  async monitor(): Promise<Monitor> {
    const monitor = new Monitor(this, () => connect(this.#port))
    this.#onPush = (value) => monitor.record(value)
    await this.send('MONITOR')
    return monitor
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    if (this.#failed || this.#socket.destroyed) return void this.#socket.destroy()
    const closed = once(this.#socket, 'close')
    this.#socket.destroy()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #deliver(value: RespValue): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#onPush?.(value)
    else if (value instanceof RespError) waiting.reject(value)
    else waiting.resolve(value)
  }

  #fail(error: Error): void {
    this.#failed = true
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
  }
}
