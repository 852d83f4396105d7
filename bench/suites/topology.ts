import { SentinelGroup } from '../../__test__/support/topologies/sentinel-group.js'
import { ValkeyCluster } from '../../__test__/support/topologies/valkey-cluster.js'
import { best, cellsAt, median, type Cell } from '../cell.js'
import { judge } from '../goal.js'
import { interleave } from '../interleave.js'
import { nodeContender } from '../node-contender.js'
import type { BenchOptions } from '../options.js'
import { emptyServers } from '../server-cpu.js'
import type { SuiteReport } from '../suite-report.js'
import { Replicated } from '../topology/replicated.js'

/** The topologies keep no file, as the server of the other suites. */
const IN_MEMORY = { config: { appendonly: 'no' } } as const

const [CLUSTER_CALLERS, FEWER_CALLERS] = [512, 64] as const

type Part = (options: BenchOptions, progress: (line: string) => void) => Promise<SuiteReport>

/** Beyond one server, all on one machine. */
export async function runTopology(
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<SuiteReport> {
  const reports: SuiteReport[] = []
  for (const part of [cluster, sentinel, replicas] satisfies Part[])
    reports.push(await part(options, progress))
  return {
    cells: reports.flatMap(({ cells }) => cells),
    goals: reports.flatMap(({ goals }) => goals),
  }
}

/** The label mix over three primaries. */
const cluster: Part = async (options, progress) => {
  await using servers = await ValkeyCluster.start({ ...IN_MEMORY, primaries: 3, replicas: 0 })
  const serverPorts = servers.peers.map(({ port }) => port)
  const spec = { url: servers.endpoints.join(','), serverPorts }
  const contender = (role: 'subject' | 'peer', name: string): ReturnType<typeof nodeContender> =>
    nodeContender(role, { ...spec, contestant: `cluster/${name}` }, { name: `cluster: ${name}` })
  const contenders = [
    contender('subject', 'indelible'),
    contender('peer', 'ioredis'),
    contender('peer', 'valkey-glide'),
  ]
  const heats = {
    contenders,
    callers: [CLUSTER_CALLERS],
    title: 'cluster',
    prepare: () => emptyServers(serverPorts),
  }
  const cells = await interleave(heats, options, progress)
  const peer = best(cellsAt(cells, CLUSTER_CALLERS, 'peer'), 'opsPerSecond', 'most')
  return {
    cells,
    goals: [judge('topology.cluster', ratioTo(peer, cells, CLUSTER_CALLERS), peer?.contestant)],
  }
}

/** Loads through sentinels, and from the same primary by its address. */
const sentinel: Part = async (options, progress) => {
  await using group = await SentinelGroup.start({ ...IN_MEMORY, replicas: 2 })
  const primary = await group.primary()
  const serverPorts = [primary.port]
  const sentinels = group.sentinels.map(({ endpoint }) => endpoint).join(',')
  const spec = { workload: 'growth', serverPorts } as const
  const contenders = [
    nodeContender(
      'subject',
      { ...spec, contestant: 'sentinel', url: sentinels },
      { name: 'loads: Sentinel' },
    ),
    nodeContender(
      'peer',
      { ...spec, contestant: 'standalone', url: `redis://127.0.0.1:${primary.port}` },
      { name: 'loads: standalone, the same servers' },
    ),
  ]
  const heats = {
    contenders,
    callers: [FEWER_CALLERS],
    title: 'Sentinel',
    prepare: () => emptyServers(serverPorts),
  }
  const cells = await interleave(heats, options, progress)
  const [standalone] = cellsAt(cells, FEWER_CALLERS, 'peer')
  return { cells, goals: [judge('topology.sentinel', ratioTo(standalone, cells, FEWER_CALLERS))] }
}

/** Appends that count once a replica has them. */
const replicas: Part = async (options, progress) => {
  await using servers = await Replicated.start()
  const { url, port } = servers.primary
  const contenders = (['indelible', 'ioredis'] as const).map((contestant) =>
    nodeContender(
      contestant === 'indelible' ? 'subject' : 'peer',
      { workload: 'appends', contestant, url },
      { name: `appends, one replica: ${contestant}` },
    ),
  )
  const heats = {
    contenders,
    callers: [FEWER_CALLERS],
    title: 'replicas',
    prepare: () => emptyServers([port]),
  }
  const cells = await interleave(heats, options, progress)
  const [peer] = cellsAt(cells, FEWER_CALLERS, 'peer')
  return { cells, goals: [judge('topology.replicas', ratioTo(peer, cells, FEWER_CALLERS))] }
}

function ratioTo(peer: Cell | undefined, cells: readonly Cell[], callers: number): number {
  return median(cellsAt(cells, callers, 'subject')[0], 'opsPerSecond') / median(peer, 'opsPerSecond')
}
