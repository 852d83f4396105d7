// A TCP proxy on loopback that misbehaves on demand, between a client under test and a real server.

import { once } from 'node:events'
import { type AddressInfo, type Server, Socket, createServer } from 'node:net'

/** Which way bytes travel. */
export type Direction = 'toServer' | 'toClient'

/**
 * What the proxy does to all of its connections, old and new:
 * - `pass`: forwards; what a black hole held back comes through now, as after a healed partition
 * - `blackHole`: takes bytes and hands none on
 * - `delay`: hands every chunk on `ms` milliseconds late, in order
 * - `cut`: hands on `afterBytes` more bytes of each connection, then closes it both ways
 * - `reset`: answers with RST
 * - `refuse`: nothing listens; what was connected is reset
 * - `hang`: accepts and does nothing more, not even towards the server
 * - `drip`: hands on single bytes, one every `ms` milliseconds
 * - `halfOpen`: what is connected is dead without a word, as behind a host that vanished; new connections work
 */
export type Fault =
  | { readonly kind: 'pass' | 'reset' | 'refuse' | 'hang' | 'halfOpen' }
  | { readonly kind: 'blackHole'; readonly direction?: Direction }
  | { readonly kind: 'delay'; readonly ms: number; readonly direction?: Direction }
  | { readonly kind: 'drip'; readonly ms: number; readonly direction: Direction }
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly direction: Direction }

const PASS: Fault = { kind: 'pass' }

/** Where a proxy listens. */
export interface Listening {
  readonly host: string
  /** 0 for a free one. */
  readonly port: number
}

/** A running proxy. `connections` counts those accepted, `bytes` those received, since the start. */
export class FaultProxy implements AsyncDisposable {
  readonly #listener: Server
  readonly #links = new Set<Link>()
  #fault: Fault = PASS
  readonly #faultsBySource = new Map<string, Fault>()
  #targetPort: number
  readonly host: string
  readonly port: number
  readonly bytes: Record<Direction, number> = { toServer: 0, toClient: 0 }
  connections = 0

  /** Listens, on a free loopback port unless told otherwise, and forwards to 127.0.0.1:`targetPort`. */
  static async open(
    targetPort: number,
    { host, port }: Listening = { host: '127.0.0.1', port: 0 },
  ): Promise<FaultProxy> {
    const listener = createServer({ allowHalfOpen: false, noDelay: true })
    listener.listen(port, host)
    await once(listener, 'listening')
    return new FaultProxy(listener, targetPort)
  }

  private constructor(listener: Server, targetPort: number) {
    this.#listener = listener
    this.#targetPort = targetPort
    const { address, port } = listener.address() as AddressInfo
    this.host = address
    this.port = port
    listener.on('connection', (client) => {
      this.connections += 1
      const fault = this.#faultFor(client.remoteAddress)
      if (fault.kind === 'reset') return void client.resetAndDestroy()
      const link = new Link(client, this.#targetPort, this.bytes)
      this.#links.add(link)
      link.onClose(() => this.#links.delete(link))
      link.apply(fault)
    })
  }

  /** `redis://<host>:<port>` */
  get url(): string {
    return `redis://${this.host}:${this.port}`
  }

  /** How many connections are open through the proxy. */
  get open(): number {
    return this.#links.size
  }

  /** Switches the fault. Resolves once the listener is in the state that the fault asks for. */
  async inject(fault: Fault): Promise<void> {
    const refusing = this.#fault.kind === 'refuse'
    this.#fault = fault.kind === 'halfOpen' ? PASS : fault
    if (fault.kind === 'refuse' && !refusing) this.#listener.close()
    if (fault.kind !== 'refuse' && refusing) {
      this.#listener.listen(this.port, this.host)
      await once(this.#listener, 'listening')
    }
    for (const link of this.#links) {
      if (!this.#faultsBySource.has(link.source ?? '')) link.apply(fault)
    }
  }

  /**
   * Switches the fault of the connections that come from one address, which `inject` then leaves alone; undefined gives
   * them back to it.
   */
  injectFrom(source: string, fault: Exclude<Fault, { kind: 'refuse' }> | undefined): void {
    if (fault === undefined) this.#faultsBySource.delete(source)
    else this.#faultsBySource.set(source, fault)
    for (const link of this.#links) if (link.source === source) link.apply(this.#faultFor(source))
  }

  /** Forwards new connections to another port; those that are open stay where they are. */
  retarget(targetPort: number): void {
    this.#targetPort = targetPort
  }

  /** Forwards again. */
  async heal(): Promise<void> {
    await this.inject(PASS)
  }

  /** Resets every connection and stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#faultsBySource.clear()
    await this.inject({ kind: 'refuse' })
  }

  #faultFor(source: string | undefined): Fault {
    return this.#faultsBySource.get(source ?? '') ?? this.#fault
  }
}

/** One client and its connection to the server. */
class Link {
  readonly #client: Socket
  readonly #server = new Socket()
  readonly #targetPort: number
  readonly #lanes: Record<Direction, Lane>
  /** The address that the client came from. */
  readonly source: string | undefined

  constructor(client: Socket, targetPort: number, bytes: Record<Direction, number>) {
    this.#client = client
    this.source = client.remoteAddress
    this.#targetPort = targetPort
    this.#lanes = {
      toServer: new Lane(this.#server, () => this.#close()),
      toClient: new Lane(client, () => this.#close()),
    }
    const forward = (from: Socket, direction: Direction): void => {
      from.on('data', (chunk: Buffer) => {
        bytes[direction] += chunk.length
        this.#lanes[direction].take(chunk)
      })
      from.on('error', () => this.#close())
      from.on('close', () => this.#close())
    }
    forward(client, 'toServer')
    forward(this.#server, 'toClient')
  }

  onClose(listener: () => void): void {
    this.#client.once('close', listener)
  }

  apply(fault: Fault): void {
    if (fault.kind === 'reset' || fault.kind === 'refuse') {
      this.#client.resetAndDestroy()
      return
    }
    if (
      fault.kind !== 'hang' &&
      this.#server.pending &&
      !this.#server.connecting &&
      !this.#server.destroyed
    ) {
      this.#server.setNoDelay(true).connect({ port: this.#targetPort, host: '127.0.0.1' })
    }
    const direction = 'direction' in fault ? fault.direction : undefined
    for (const each of ['toServer', 'toClient'] as const) {
      this.#lanes[each].apply(direction === undefined || direction === each ? fault : PASS)
    }
  }

  #close(): void {
    this.#client.destroy()
    this.#server.destroy()
  }
}

/** One direction of a link: hands chunks on as the fault of the moment says. */
class Lane {
  readonly #to: Socket
  readonly #close: () => void
  readonly #held: Buffer[] = []
  #fault: Fault = PASS
  #left = Number.POSITIVE_INFINITY
  #drip: NodeJS.Timeout | undefined
  /** Each hands on the first chunk that is held, so that none overtakes another whatever becomes of the fault. */
  readonly #delays = new Set<NodeJS.Timeout>()

  constructor(to: Socket, close: () => void) {
    this.#to = to
    this.#close = close
  }

  apply(fault: Fault): void {
    clearInterval(this.#drip)
    this.#drip = undefined
    for (const delay of this.#delays) clearTimeout(delay)
    this.#delays.clear()
    this.#fault = fault
    this.#left = fault.kind === 'cut' ? fault.afterBytes : Number.POSITIVE_INFINITY
    for (const chunk of this.#held.splice(0)) this.take(chunk)
  }

  take(chunk: Buffer): void {
    const fault = this.#fault
    if (fault.kind === 'blackHole' || fault.kind === 'hang' || fault.kind === 'halfOpen') {
      this.#held.push(chunk)
    } else if (fault.kind === 'drip') {
      this.#held.push(chunk)
      this.#drip ??= setInterval(() => this.#handByte(), fault.ms)
    } else if (fault.kind === 'delay') {
      this.#held.push(chunk)
      const delay = setTimeout(() => {
        this.#delays.delete(delay)
        const first = this.#held.shift()
        if (first !== undefined) this.#hand(first)
      }, fault.ms)
      this.#delays.add(delay)
    } else {
      this.#hand(chunk)
    }
  }

  #handByte(): void {
    const [chunk] = this.#held
    if (this.#to.destroyed) return clearInterval(this.#drip)
    if (chunk === undefined) return
    this.#hand(chunk.subarray(0, 1))
    if (chunk.length > 1) this.#held[0] = chunk.subarray(1)
    else this.#held.shift()
  }

  #hand(chunk: Buffer): void {
    if (this.#to.destroyed) return
    if (chunk.length < this.#left) {
      this.#left -= chunk.length
      this.#to.write(chunk)
      return
    }
    this.#to.end(chunk.subarray(0, this.#left), this.#close)
  }
}
