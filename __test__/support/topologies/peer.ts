// One data server of a replicated topology.

import { type ServerOptions, type TestServer, freePort, startServer } from '../../../scripts/test-server.mjs'
import { type RespClient, type RespValue, connect } from '../resp.js'
import type { Host, Network } from './network.js'

/** How the servers of a topology are started. */
export interface PeerOptions {
  /** Default: what the ladder finds. */
  readonly server?: ServerOptions['server']
  /** Settings of every data server, over those of the topology. */
  readonly config?: Readonly<Record<string, string | number>>
  /** Lines for the configuration file of every data server. */
  readonly file?: readonly string[]
  /** Each server is a host of this network; without one they talk to each other and to clients directly. */
  readonly network?: Network | undefined
}

/** What a topology asks of one server. */
export type PeerSettings = Required<Pick<ServerOptions, 'config' | 'file'>>

/** A server, its place in the network, and the ports that others reach it at. */
export class Peer implements AsyncDisposable {
  readonly server: TestServer
  readonly host: Host | undefined
  /** For clients and replicas. */
  readonly port: number
  /** For the other nodes of a cluster. */
  readonly busPort: number

  /** Starts a server that announces the ports of its host. */
  static async start(
    { server, config, file = [], network }: PeerOptions,
    settings: (announced: { port: number; busPort: number; ownBusPort: number }) => PeerSettings,
  ): Promise<Peer> {
    const host = network?.host()
    const [ownPort, ownBusPort] = [await freePort(), await freePort()]
    const port = (await host?.expose(ownPort)) ?? ownPort
    const busPort = (await host?.expose(ownBusPort)) ?? ownBusPort
    const own = settings({ port, busPort, ownBusPort })
    const started = await startServer({
      port: ownPort,
      ...(server === undefined ? {} : { server }),
      config: { ...own.config, ...config },
      file: [...own.file, ...file, ...(host === undefined ? [] : [`bind-source-addr ${host.address}`])],
    })
    return new Peer(started, host, port, busPort)
  }

  private constructor(server: TestServer, host: Host | undefined, port: number, busPort: number) {
    this.server = server
    this.host = host
    this.port = port
    this.busPort = busPort
  }

  /** A connection past the network. */
  async admin(): Promise<RespClient> {
    return connect(this.server.port)
  }

  /** Runs one command past the network. */
  async run(...args: readonly string[]): Promise<RespValue> {
    await using admin = await this.admin()
    return await admin.send(...args)
  }

  /** The fields of one section of INFO. */
  async info(section: string): Promise<Readonly<Record<string, string>>> {
    const text = String(await this.run('INFO', section))
    return Object.fromEntries(
      Array.from(text.matchAll(/^([^#:\r\n]+):(.*?)\r?$/gm), ([, key, value]) => [key, value]),
    )
  }

  /** How many replicas it has that keep up with it, by its list and by what its fence goes by, if it has one. */
  async replicasInStep(): Promise<number> {
    const info = await this.info('replication')
    const listed = Object.values(info).filter((value) =>
      /,state=online,.*,lag=[01](?:,|$)/.test(value),
    ).length
    return Math.min(listed, Number(info['min_slaves_good_slaves'] ?? listed))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }
}
