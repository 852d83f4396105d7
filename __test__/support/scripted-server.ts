// A server that speaks RESP and lies as the script says: nil where an array belongs, one reply too few, half a reply.

import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'

import { RespParser, encodeCommand } from './resp-parser.js'

/** The answer that is none: the connection is closed. */
export const CLOSE: unique symbol = Symbol('close the connection')

/** A command as the client sent it: its name in upper case, then its arguments. */
export type Command = readonly [name: string, ...args: string[]]

/**
 * What goes back for one command: text or bytes, written as they are; `CLOSE` ends the connection instead; undefined
 * leaves the command without an answer.
 */
export type Answer = string | Buffer | typeof CLOSE | undefined

/** Asked for every command in the order of arrival. `nth` counts the commands of that connection from 0. */
export type Script = (command: Command, nth: number) => Answer

/** A listening server with a script, switchable while it runs. */
export class ScriptedServer implements AsyncDisposable {
  readonly #listener: Server
  readonly #sockets = new Set<Socket>()
  readonly port: number
  /** Everything received so far, over all connections. */
  readonly received: Command[] = []
  script: Script

  /** Listens on a free loopback port. */
  static async open(script: Script): Promise<ScriptedServer> {
    const listener = createServer({ noDelay: true })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    return new ScriptedServer(listener, script)
  }

  private constructor(listener: Server, script: Script) {
    this.#listener = listener
    this.script = script
    this.port = (listener.address() as AddressInfo).port
    listener.on('connection', (socket) => this.#serve(socket))
  }

  /** `redis://127.0.0.1:<port>` */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Closes every connection and stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
    const parser = new RespParser()
    let nth = 0
    socket.on('data', (chunk: Buffer) => {
      for (const value of parser.feed(chunk)) {
        if (!Array.isArray(value)) throw new Error('a client sends commands as arrays of bulk strings')
        const [name = '', ...args] = value.map(String)
        const command: Command = [name.toUpperCase(), ...args]
        this.received.push(command)
        const answer = this.script(command, nth++)
        if (answer === CLOSE) return void socket.destroy()
        if (answer !== undefined) socket.write(answer)
      }
    })
  }
}

/** Replies in the bytes of RESP2, to write scripts with. */
export const reply = {
  ok: '+OK\r\n',
  queued: '+QUEUED\r\n',
  nil: '$-1\r\n',
  nilArray: '*-1\r\n',
  integer: (value: number): string => `:${value}\r\n`,
  /** `text` begins with the code word, e.g. `OOM command not allowed`. */
  error: (text: string): string => `-${text}\r\n`,
  bulk: (value: string | Buffer): Buffer => encodeCommand([value]).subarray('*1\r\n'.length),
  /** An array of replies that are bytes already. */
  array: (...items: readonly (string | Buffer)[]): Buffer =>
    Buffer.concat([Buffer.from(`*${items.length}\r\n`), ...items.map((item) => Buffer.from(item))]),
} as const
