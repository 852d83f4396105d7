// A cluster of primaries and replicas, every slot served.

import { createHash } from 'node:crypto'

import { Parts } from './parts.js'
import { Peer, type PeerOptions, type PeerSettings } from './peer.js'
import { moveSlots } from './slot-migration.js'
import { until } from './until.js'

/** Slots of a cluster. */
export const SLOTS = 16_384
/** What moving the slots of a node may take, in milliseconds: a bound for what hangs. */
const MOVING_LIMIT_MS = 180_000
/** How long a node must be silent before the others call it down, in milliseconds; above what the fence needs. */
const NODE_TIMEOUT_MS = 3_000

export interface ValkeyClusterOptions extends PeerOptions {
  /** Default: 3. */
  readonly primaries?: number
  /** Of each primary. Default: 1. */
  readonly replicas?: number
  /** Default: 3,000. */
  readonly nodeTimeoutMs?: number
}

/** A node as CLUSTER NODES shows it. */
export interface ClusterNode {
  readonly id: string
  readonly peer: Peer
  readonly isPrimary: boolean
  /** The id of its primary, if it is a replica. */
  readonly primaryId: string | undefined
  /** Of its configuration: where two claim a slot, the newer one has it. */
  readonly epoch: number
  /** First and last slot of each range that it serves. */
  readonly slots: readonly (readonly [first: number, last: number])[]
  /** `fail` or `fail?` stand among the flags. */
  readonly isDown: boolean
}

/** The whole cluster. With replicas its servers have a fence (`min-replicas-to-write 1`); all have an append-only file. */
export class ValkeyCluster implements AsyncDisposable {
  readonly #parts: Parts
  readonly peers: readonly Peer[]
  readonly #primaries: number

  /** Starts the servers, joins them, shares out the slots evenly, and waits until every node agrees. */
  static async start(options: ValkeyClusterOptions = {}): Promise<ValkeyCluster> {
    const { primaries = 3, replicas = 1 } = options
    const parts = new Parts()
    try {
      const peers: Peer[] = []
      for (let n = 0; n < primaries * (1 + replicas); n++) {
        peers.push(parts.add(await Peer.start(options, (ports) => settings(ports, options))))
      }
      const cluster = new ValkeyCluster(peers, primaries, parts)
      await cluster.#join()
      await cluster.settled()
      return cluster
    } catch (error) {
      await parts[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(peers: readonly Peer[], primaries: number, parts: Parts) {
    this.peers = peers
    this.#primaries = primaries
    this.#parts = parts
  }

  /** The `endpoints` of a store's configuration. */
  get endpoints(): string[] {
    return this.peers.map(({ port }) => `127.0.0.1:${port}`)
  }

  /** The nodes as the first peer that answers, or the one given, sees them. */
  async nodes(witness?: Peer): Promise<readonly ClusterNode[]> {
    for (const peer of witness === undefined ? this.peers : [witness]) {
      const lines = await peer.run('CLUSTER', 'NODES').catch(() => undefined)
      if (lines !== undefined) return this.#parse(String(lines))
    }
    throw new Error('no node of the cluster answers')
  }

  /** The primaries that serve slots, by what `witness` sees. */
  async primaries(witness?: Peer): Promise<readonly ClusterNode[]> {
    return (await this.nodes(witness)).filter(({ slots, isPrimary }) => isPrimary && slots.length > 0)
  }

  /** The primary of `slot`. */
  async primaryOf(slot: number): Promise<ClusterNode> {
    const found = (await this.primaries()).find(({ slots }) => {
      return slots.some(([first, last]) => first <= slot && slot <= last)
    })
    if (found === undefined) throw new Error(`nobody serves slot ${slot}`)
    return found
  }

  /** The replicas of a primary. */
  async replicasOf(primary: ClusterNode): Promise<readonly ClusterNode[]> {
    return (await this.nodes()).filter(({ primaryId }) => primaryId === primary.id)
  }

  /** Resolves once every peer is up, all see the same primaries, every slot is served, and every replica is in step. */
  async settled(): Promise<void> {
    await until('a cluster that agrees', async () => {
      const infos = await Promise.all(this.peers.map((peer) => peer.run('CLUSTER', 'INFO')))
      if (!infos.every((info) => String(info).includes('cluster_state:ok'))) return false
      const views = await Promise.all(this.peers.map((peer) => this.nodes(peer)))
      const [first = ''] = views.map(shape)
      return (
        views.every((nodes) => nodes.length === this.peers.length && !nodes.some(({ isDown }) => isDown)) &&
        views.every((nodes) => shape(nodes) === first)
      )
    })
    await until('replicas in step', async () => {
      const nodes = await this.nodes()
      const inStep = nodes.map(async ({ id, peer, isPrimary }) => {
        const replicas = nodes.filter(({ primaryId }) => primaryId === id).length
        if (isPrimary) return (await peer.replicasInStep()) === replicas
        return (await peer.info('replication'))['master_link_status'] === 'up'
      })
      return (await Promise.all(inStep)).every(Boolean)
    })
  }

  /** Moves slots with their keys from one primary to another, while both go on serving. */
  async moveSlots(from: ClusterNode, to: ClusterNode, slots: readonly number[]): Promise<void> {
    const others = (await this.primaries()).filter(({ id }) => id !== from.id && id !== to.id)
    const move = { from, to, others: others.map(({ peer }) => peer) }
    const left = new Set(slots)
    // Again if a connection breaks: each step may be taken twice.
    await until(
      'slots that have moved',
      async () => {
        await moveSlots(move, left)
        return true
      },
      MOVING_LIMIT_MS,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]()
  }

  async #join(): Promise<void> {
    const [first] = this.peers
    if (first === undefined) throw new Error('a cluster has nodes')
    const ids = await Promise.all(this.peers.map(async (peer) => String(await peer.run('CLUSTER', 'MYID'))))
    for (const [n, peer] of this.peers.entries()) {
      // Epochs of their own before they meet, so that no two have to settle a collision.
      await peer.run('CLUSTER', 'SET-CONFIG-EPOCH', String(n + 1))
    }
    for (const { port, busPort } of this.peers.slice(1)) {
      await first.run('CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort))
    }
    for (const [n, peer] of this.peers.slice(0, this.#primaries).entries()) {
      const bound = (share: number): number => Math.floor((SLOTS * share) / this.#primaries)
      await peer.run('CLUSTER', 'ADDSLOTSRANGE', String(bound(n)), String(bound(n + 1) - 1))
    }
    for (const [n, peer] of this.peers.slice(this.#primaries).entries()) {
      const primary = ids[n % this.#primaries] ?? ''
      await until('a node that knows its primary', async () => {
        return (await peer.run('CLUSTER', 'REPLICATE', primary)) === 'OK'
      })
    }
  }

  #parse(text: string): ClusterNode[] {
    return text.split('\n').flatMap((line) => {
      const [id = '', address = '', flagText = '', primary, , , epoch, , ...slots] = line.split(' ')
      const port = Number(/:(\d+)@/.exec(address)?.[1])
      const peer = this.peers.find((each) => each.port === port)
      const flags = flagText.split(',')
      if (peer === undefined || flags.includes('handshake') || flags.includes('noaddr')) return []
      return {
        id,
        peer,
        isPrimary: flags.includes('master'),
        primaryId: primary === '-' ? undefined : primary,
        epoch: Number(epoch),
        slots: slots.filter((range) => !range.startsWith('[')).map(parseRange),
        isDown: flags.includes('fail') || flags.includes('fail?'),
      }
    })
  }
}

/** The slot of a key without a hash tag. */
export function slotOf(key: string): number {
  let crc = 0
  for (const byte of Buffer.from(key)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  return crc % SLOTS
}

/** A session whose label key lies in `slot`, under the default key prefix. */
export function sessionInSlot(slot: number): string {
  for (let n = 0; ; n++) {
    const session = `slot-${slot}-${n}`
    const digest = createHash('sha256').update(session, 'utf8').digest('hex')
    if (slotOf(`taint:v1:${digest}`) === slot) return session
  }
}

function parseRange(range: string): readonly [number, number] {
  const [first = '', last = first] = range.split('-')
  return [Number(first), Number(last)]
}

/** What two nodes must see alike. */
function shape(nodes: readonly ClusterNode[]): string {
  return nodes
    .map(({ id, isPrimary, primaryId, epoch, slots }) => {
      return `${id} ${isPrimary} ${primaryId} ${epoch} ${JSON.stringify(slots)}`
    })
    .sort()
    .join('\n')
}

function settings(
  ports: { readonly port: number; readonly busPort: number; readonly ownBusPort: number },
  { replicas = 1, nodeTimeoutMs = NODE_TIMEOUT_MS }: ValkeyClusterOptions,
): PeerSettings {
  return {
    config: {
      appendonly: 'yes',
      'cluster-enabled': 'yes',
      'cluster-port': ports.ownBusPort,
      'cluster-node-timeout': nodeTimeoutMs,
      'cluster-announce-ip': '127.0.0.1',
      'cluster-announce-port': ports.port,
      'cluster-announce-bus-port': ports.busPort,
      'repl-diskless-sync-delay': 0,
      'min-replicas-to-write': replicas === 0 ? 0 : 1,
      'min-replicas-max-lag': 1,
      // A primary whose last slot moves away stays a primary, to be given others.
      'cluster-allow-replica-migration': 'no',
    },
    file: [],
  }
}
