// A primary, its replicas, and the sentinels that watch them.

import { type TestServer, freePort, startServer } from '../../../scripts/test-server.mjs'
import { connect } from '../resp.js'
import type { RespValue } from '../resp-parser.js'
import type { Host } from './network.js'
import { Parts } from './parts.js'
import { Peer, type PeerOptions, type PeerSettings } from './peer.js'
import { takeWritesAsMade } from './replica.js'
import { until } from './until.js'

/** What the sentinels call the group. */
export const SERVICE = 'labels'
/**
 * How long a primary must be silent before a sentinel calls it down, in milliseconds. Not below what it takes the fence
 * of a primary that was cut off to close (`min-replicas-max-lag` and two seconds): else two primaries answer at once.
 */
const DOWN_AFTER_MS = 3_000

export interface SentinelGroupOptions extends PeerOptions {
  /** Default: 2. */
  readonly replicas?: number
  /** Default: 3; two of them are a quorum. */
  readonly sentinels?: number
  /** Default: 3,000. */
  readonly downAfterMs?: number
}

/** One sentinel, its place in the network, and the port that others reach it at. */
export class Sentinel implements AsyncDisposable {
  readonly process: TestServer
  readonly host: Host | undefined
  readonly port: number

  /** Starts one that watches the primary at 127.0.0.1:`primaryPort`. */
  static async start(
    primaryPort: number,
    { server, network, downAfterMs = DOWN_AFTER_MS }: SentinelGroupOptions,
  ): Promise<Sentinel> {
    const host = network?.host()
    const ownPort = await freePort()
    const port = (await host?.expose(ownPort)) ?? ownPort
    const file = [
      `sentinel monitor ${SERVICE} 127.0.0.1 ${primaryPort} 2`,
      `sentinel down-after-milliseconds ${SERVICE} ${downAfterMs}`,
      `sentinel failover-timeout ${SERVICE} ${2 * downAfterMs}`,
      `sentinel parallel-syncs ${SERVICE} 8`,
      'sentinel announce-ip 127.0.0.1',
      `sentinel announce-port ${port}`,
      ...(host === undefined ? [] : [`bind-source-addr ${host.address}`]),
    ]
    const process = await startServer({
      port: ownPort,
      file,
      args: ['--sentinel'],
      ...(server === undefined ? {} : { server }),
    })
    return new Sentinel(process, host, port)
  }

  private constructor(process: TestServer, host: Host | undefined, port: number) {
    this.process = process
    this.host = host
    this.port = port
  }

  /** `127.0.0.1:<port>` */
  get endpoint(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Runs one command past the network. */
  async run(...args: readonly string[]): Promise<RespValue> {
    await using admin = await connect(this.process.port)
    return await admin.send(...args)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]()
  }
}

/** The whole group. Its servers have a fence (`min-replicas-to-write 1`) and an append-only file. */
export class SentinelGroup implements AsyncDisposable {
  readonly #parts: Parts
  readonly peers: readonly Peer[]
  readonly sentinels: readonly Sentinel[]

  /** Starts them all, and waits until the replicas are in step and every sentinel knows every other and all replicas. */
  static async start(options: SentinelGroupOptions = {}): Promise<SentinelGroup> {
    const parts = new Parts()
    try {
      const peers: Peer[] = []
      for (let n = 0; n <= (options.replicas ?? 2); n++) {
        const primary = peers[0]?.port
        peers.push(parts.add(await Peer.start(options, ({ port }) => settings(port, primary))))
      }
      const [primary] = peers
      // A sentinel asks a primary for its replicas when it first sees it, and then every ten seconds.
      if (primary !== undefined) await until('replicas in step', async () => inStep(peers, primary))
      const sentinels: Sentinel[] = []
      for (let n = 0; n < (options.sentinels ?? 3); n++) {
        sentinels.push(parts.add(await Sentinel.start(peers[0]?.port ?? 0, options)))
      }
      const group = new SentinelGroup(peers, sentinels, parts)
      await group.settled()
      return group
    } catch (error) {
      await parts[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(peers: readonly Peer[], sentinels: readonly Sentinel[], parts: Parts) {
    this.peers = peers
    this.sentinels = sentinels
    this.#parts = parts
  }

  /** The `topology` of a store's configuration. */
  get topology(): { readonly sentinel: { readonly service: string; readonly endpoints: string[] } } {
    return { sentinel: { service: SERVICE, endpoints: this.sentinels.map(({ endpoint }) => endpoint) } }
  }

  /** The peer that most of the sentinels in reach call the primary; undefined while they disagree. */
  async namedPrimary(): Promise<Peer | undefined> {
    const asked = await Promise.allSettled(
      this.sentinels.map((sentinel) => sentinel.run('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', SERVICE)),
    )
    const ports = asked.flatMap((answer) =>
      answer.status === 'fulfilled' && Array.isArray(answer.value) ? [Number(answer.value[1])] : [],
    )
    return this.peers.find(({ port }) => ports.filter((named) => named === port).length * 2 > ports.length)
  }

  /** The named primary, once it takes writes. */
  async primary(): Promise<Peer> {
    return until('a primary', async () => {
      const peer = await this.namedPrimary()
      return (await peer?.info('replication'))?.['role'] === 'master' && peer
    })
  }

  /** What most of the sentinels call the primary in the place of `old`, once they do. */
  async successorOf(old: Peer): Promise<Peer> {
    return until('another primary', async () => {
      const named = await this.namedPrimary()
      return named !== old && named
    })
  }

  /** The peers that are not the named primary. */
  async replicas(): Promise<readonly Peer[]> {
    const primary = await this.primary()
    return this.peers.filter((peer) => peer !== primary)
  }

  /** Resolves once every peer and sentinel is up, agrees on the primary, and every replica is in step with it. */
  async settled(): Promise<void> {
    await until('replicas in step', async () => inStep(this.peers, await this.primary()))
    await until('sentinels that know each other', async () => {
      const primary = await this.primary()
      const seen = await Promise.all(this.sentinels.map((sentinel) => this.#viewOf(sentinel)))
      return seen.every(
        ({ port, flags, sentinels, replicas }) =>
          port === primary.port &&
          flags === 'master' &&
          sentinels === this.sentinels.length - 1 &&
          replicas === this.peers.length - 1,
      )
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]()
  }

  /** What one sentinel knows. `replicas` counts those in reach. */
  async #viewOf(
    sentinel: Sentinel,
  ): Promise<{ port: number; flags: string; sentinels: number; replicas: number }> {
    const master = fields(await sentinel.run('SENTINEL', 'MASTER', SERVICE))
    const replicas = (await sentinel.run('SENTINEL', 'REPLICAS', SERVICE)) as readonly RespValue[]
    return {
      port: Number(master['port']),
      flags: String(master['flags']),
      sentinels: Number(master['num-other-sentinels']),
      replicas: replicas.filter((replica) => fields(replica)['flags'] === 'slave').length,
    }
  }
}

/** Whether all of `peers` but the primary replicate from it and keep up. */
async function inStep(peers: readonly Peer[], primary: Peer): Promise<boolean> {
  const replicas = peers.filter((peer) => peer !== primary)
  const seen = await Promise.all(replicas.map((peer) => peer.info('replication')))
  const follow = seen.every(
    (info) => info['master_link_status'] === 'up' && Number(info['master_port']) === primary.port,
  )
  if (!follow || (await primary.replicasInStep()) !== replicas.length) return false
  await using admin = await primary.admin()
  return await takeWritesAsMade(admin, replicas.length)
}

function settings(announcedPort: number, primaryPort: number | undefined): PeerSettings {
  return {
    config: { appendonly: 'yes', 'min-replicas-to-write': 1, 'min-replicas-max-lag': 1 },
    // In the file, where a failover rewrites it: a peer that comes back must not take itself for what it was before.
    file: [
      'replica-announce-ip 127.0.0.1',
      `replica-announce-port ${announcedPort}`,
      'repl-diskless-sync-delay 0',
      ...(primaryPort === undefined ? [] : [`replicaof 127.0.0.1 ${primaryPort}`]),
    ],
  }
}

/** A flat list of names and values as an object. */
function fields(reply: RespValue): Readonly<Record<string, RespValue>> {
  const flat = reply as readonly RespValue[]
  const pairs = Array.from({ length: flat.length / 2 }, (_, n) => [
    String(flat[2 * n]),
    flat[2 * n + 1] ?? null,
  ])
  return Object.fromEntries(pairs) as Record<string, RespValue>
}
