import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { CommandStream } from './command-stream.js'
import type { Mix } from './mix.js'
import { Recording } from './recording.js'

/** A loopback port before a server that writes down what is sent through it. */
export class Recorder implements AsyncDisposable {
  readonly recording: Recording
  readonly #listener: Server
  readonly #sockets = new Set<Socket>()

  /** Passes on to 127.0.0.1:`targetPort`. */
  static async open(targetPort: number, mix: Mix): Promise<Recorder> {
    const listener = createServer({ noDelay: true })
    const recorder = new Recorder(listener, targetPort, mix)
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    return recorder
  }

  private constructor(listener: Server, targetPort: number, mix: Mix) {
    this.recording = new Recording(mix)
    this.#listener = listener
    listener.on('connection', (client) => this.#relay(client, targetPort))
  }

  /** `redis://127.0.0.1:<port>` */
  get url(): string {
    return `redis://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#listener, 'close')
  }

  #relay(client: Socket, targetPort: number): void {
    const server = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    const commands = new CommandStream()
    const record = this.recording.connection()
    client.on('data', (chunk: Buffer) => {
      for (const command of commands.feed(chunk)) record(command)
      server.write(chunk)
    })
    server.pipe(client)
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
  }
}
