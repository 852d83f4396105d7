// A network of hosts on loopback. Every host has an address of its own to connect from, and whatever it serves is
// reached through proxies: so any host can be cut off from any other without privileges.

import { randomInt } from 'node:crypto'

import { type Fault, FaultProxy } from '../fault-proxy.js'

/** What may be done to a link between two hosts. `refuse` is a listener's fault, not a link's. */
export type LinkFault = Exclude<Fault, { kind: 'refuse' }>

/** One machine. Made by `Network.host`. */
export class Host implements AsyncDisposable {
  /** What its connections come from, if its programs bind to it (`bind-source-addr`, `localAddress`). */
  readonly address: string
  readonly #ways: FaultProxy[] = []

  constructor(address: string) {
    this.address = address
  }

  /** Makes 127.0.0.1:`port` reachable for other hosts, and answers the port that they use instead. */
  async expose(port: number): Promise<number> {
    const way = await FaultProxy.open(port)
    this.#ways.push(way)
    return way.port
  }

  /** What connections from `source` to this host meet from now on; undefined lets them pass. */
  meet(source: string, fault: LinkFault | undefined): void {
    for (const way of this.#ways) way.injectFrom(source, fault)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const way of this.#ways) await way[Symbol.asyncDispose]()
  }
}

/** A fault between two groups of hosts, until it is healed. */
export interface Cut {
  readonly heal: () => void
}

interface ActiveCut {
  readonly sides: readonly [from: ReadonlySet<Host>, to: ReadonlySet<Host>]
  readonly fault: LinkFault
}

/** All hosts, and the faults between them. */
export class Network implements AsyncDisposable {
  /** Networks of other processes on this machine have other prefixes, so that no host is taken for another. */
  readonly #prefix = `127.${randomInt(1, 255)}.${randomInt(0, 256)}`
  readonly #hosts: Host[] = []
  readonly #cuts: ActiveCut[] = []

  /** A new host. At most 254 of them. */
  host(): Host {
    const host = new Host(`${this.#prefix}.${this.#hosts.length + 1}`)
    this.#hosts.push(host)
    return host
  }

  /**
   * Puts `fault` between the hosts of one side and those of the other, whoever connects to whom. Of several faults
   * between two hosts the latest counts.
   */
  cut(one: readonly Host[], other: readonly Host[], fault: LinkFault = { kind: 'blackHole' }): Cut {
    const cut: ActiveCut = { sides: [new Set(one), new Set(other)], fault }
    this.#cuts.push(cut)
    this.#apply(cut)
    return {
      heal: () => {
        const at = this.#cuts.indexOf(cut)
        if (at === -1) return
        this.#cuts.splice(at, 1)
        this.#apply(cut)
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.#hosts) await host[Symbol.asyncDispose]()
  }

  /** Brings every link that `cut` is about into the state that the cuts of the moment ask for. */
  #apply({ sides: [one, other] }: ActiveCut): void {
    for (const a of one) {
      for (const b of other) {
        const fault = this.#cuts.findLast(({ sides: [from, to] }) => {
          return (from.has(a) && to.has(b)) || (from.has(b) && to.has(a))
        })?.fault
        a.meet(b.address, fault)
        b.meet(a.address, fault)
      }
    }
  }
}
