// A TCP proxy that stops a pipeline at the moment a test is about: before it reaches the server, between its read and
// its proof, or on the way back.

import { once } from 'node:events'
import { type AddressInfo, type Server, Socket, createServer } from 'node:net'

/** Where a pipeline is stopped. */
export type Stop = 'requests' | 'proof' | 'replies'

/** The proof that ends a pipeline, as it begins on the wire. */
const PROOF = '*3\r\n$5\r\nGETEX\r\n'
/** The header of an array: the answer to SMEMBERS or EXEC. */
const ANSWERED = /\*\d+\r\n/
/** The value of the generation, which is the answer to the proof: the last reply of a pipeline of labels. */
const PROVEN = / sha256 /

/** A running gate. `connections` counts those accepted since the start. */
export class Gate implements AsyncDisposable {
  readonly #listener: Server
  readonly #links = new Set<Link>()
  readonly #lastReply: RegExp
  #stop: Stop | undefined
  readonly port: number
  connections = 0

  /** Listens on a free loopback port and forwards to 127.0.0.1:`targetPort`. `lastReply` ends a pipeline's replies. */
  static async open(targetPort: number, lastReply: RegExp = PROVEN): Promise<Gate> {
    const listener = createServer({ noDelay: true })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    return new Gate(listener, targetPort, lastReply)
  }

  private constructor(listener: Server, targetPort: number, lastReply: RegExp) {
    this.#listener = listener
    this.#lastReply = lastReply
    this.port = (listener.address() as AddressInfo).port
    listener.on('connection', (client) => {
      this.connections += 1
      const link = new Link(client, targetPort, this.#stop)
      this.#links.add(link)
      client.once('close', () => this.#links.delete(link))
    })
  }

  /** `redis://127.0.0.1:<port>` */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** How many connections are open through the gate. */
  get open(): number {
    return this.#links.size
  }

  /** Whether a pipeline has been stopped, and the server has answered as much of it as has passed. */
  get isHolding(): boolean {
    return [...this.#links].some((link) => link.isHolding(this.#lastReply))
  }

  /** Stops every pipeline from now on. */
  hold(stop: Stop): void {
    this.#stop = stop
    for (const link of this.#links) link.hold(stop)
  }

  /** Lets through what was stopped, and whatever comes. */
  release(): void {
    this.#stop = undefined
    for (const link of this.#links) link.release()
  }

  /** Hands on the first `bytes` of the pipeline's replies that was stopped, then closes its connection. */
  cut(bytes: number): void {
    this.#stop = undefined
    for (const link of this.#links) {
      if (link.isHolding(this.#lastReply)) link.cut(bytes)
      else link.release() // what came after it, another attempt for instance
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    for (const link of this.#links) link.close()
  }
}

/** One client and its connection to the server. */
class Link {
  readonly #client: Socket
  readonly #server = new Socket()
  #stop: Stop | undefined
  #requests = Buffer.alloc(0)
  #replies = Buffer.alloc(0)
  /** What the server has said since the stop was asked for. */
  #answers = ''

  constructor(client: Socket, targetPort: number, stop: Stop | undefined) {
    this.#client = client
    this.#stop = stop
    client.on('data', (chunk: Buffer) => this.#request(chunk))
    this.#server.on('data', (chunk: Buffer) => this.#reply(chunk))
    for (const socket of [client, this.#server]) {
      socket.on('error', () => this.close())
      socket.on('close', () => this.close())
    }
    this.#server.connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
  }

  isHolding(lastReply: RegExp): boolean {
    switch (this.#stop) {
      case 'requests':
        return this.#requests.length > 0
      case 'proof':
        return this.#requests.length > 0 && ANSWERED.test(this.#answers)
      case 'replies':
        return lastReply.test(this.#answers)
      default:
        return false
    }
  }

  hold(stop: Stop): void {
    this.#stop = stop
    this.#answers = ''
  }

  release(): void {
    this.#stop = undefined
    this.#server.write(this.#requests)
    this.#requests = Buffer.alloc(0)
    this.#client.write(this.#replies)
    this.#replies = Buffer.alloc(0)
  }

  cut(bytes: number): void {
    this.#stop = undefined
    this.#client.end(this.#replies.subarray(0, bytes), () => this.close())
  }

  close(): void {
    this.#client.destroy()
    this.#server.destroy()
  }

  #request(chunk: Buffer): void {
    if (this.#stop === undefined || this.#stop === 'replies') return void this.#server.write(chunk)
    this.#requests = Buffer.concat([this.#requests, chunk])
    if (this.#stop === 'requests') return
    const proof = this.#requests.indexOf(PROOF)
    if (proof <= 0) return
    this.#server.write(this.#requests.subarray(0, proof))
    this.#requests = this.#requests.subarray(proof)
  }

  #reply(chunk: Buffer): void {
    this.#answers += chunk.toString('latin1')
    if (this.#stop === 'replies') this.#replies = Buffer.concat([this.#replies, chunk])
    else this.#client.write(chunk)
  }
}
