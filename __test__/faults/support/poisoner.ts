// A TCP proxy that says something to the server in the client's name, behind its back: what a connection is then in,
// a transaction or another database, the client does not know.

import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'

import { until } from '../../support/topologies/until.js'
import { encodeCommand } from '../../support/resp-parser.js'

/** A running proxy. `connections` counts those accepted since the start. */
export class Poisoner implements AsyncDisposable {
  readonly #listener: Server
  readonly #links = new Set<Link>()
  readonly port: number
  connections = 0

  /** Listens on a free loopback port and forwards to 127.0.0.1:`targetPort`. */
  static async open(targetPort: number): Promise<Poisoner> {
    const listener = createServer({ noDelay: true })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    return new Poisoner(listener, targetPort)
  }

  private constructor(listener: Server, targetPort: number) {
    this.#listener = listener
    this.port = (listener.address() as AddressInfo).port
    listener.on('connection', (client) => {
      this.connections += 1
      const link = new Link(client, targetPort)
      this.#links.add(link)
      client.once('close', () => this.#links.delete(link))
    })
  }

  /** `redis://127.0.0.1:<port>` */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Says `command` on every connection that is open, while nobody else speaks, and keeps the `+OK` to itself. */
  async say(...command: readonly string[]): Promise<void> {
    await Promise.all([...this.#links].map(async (link) => link.say(encodeCommand(command))))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    for (const link of this.#links) link.close()
  }
}

/** One client and its connection to the server. */
class Link {
  readonly #client: Socket
  readonly #server: Socket
  /** What the server answers to us. */
  #kept: string | undefined

  constructor(client: Socket, targetPort: number) {
    this.#client = client
    this.#server = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    client.on('data', (chunk: Buffer) => this.#server.write(chunk))
    this.#server.on('data', (chunk: Buffer) => {
      if (this.#kept === undefined) client.write(chunk)
      else this.#kept += chunk.toString('latin1')
    })
    for (const socket of [client, this.#server]) {
      socket.on('error', () => this.close())
      socket.on('close', () => this.close())
    }
  }

  async say(command: Buffer): Promise<void> {
    this.#kept = ''
    this.#server.write(command)
    await until('the server to answer', async () => this.#kept?.endsWith('\r\n') === true)
    if (this.#kept !== '+OK\r\n') throw new Error(`the server answered ${this.#kept}`)
    this.#kept = undefined
  }

  close(): void {
    this.#client.destroy()
    this.#server.destroy()
  }
}
