import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Network } from '../../__test__/support/topologies/network.js'
import { Parts } from '../../__test__/support/topologies/parts.js'
import { SERVICE, SentinelGroup } from '../../__test__/support/topologies/sentinel-group.js'
import type { Fault } from '../nemesis/fault.js'
import { networkFaults } from '../nemesis/network-faults.js'
import { replicaFaults } from '../nemesis/replication-faults.js'
import { sentinelFaults } from '../nemesis/sentinel-faults.js'
import { accessFaults, processFaults } from '../nemesis/server-faults.js'
import { Account } from './account.js'
import { Generation } from './generation.js'
import type { TestServer } from '../../scripts/test-server.mjs'
import { connect } from '../../__test__/support/resp.js'
import { until } from '../../__test__/support/topologies/until.js'
import { type Site, DATA_SETTINGS, HOSTS, TTL_SECONDS, WITHOUT_FENCE } from './site.js'

/** All that there are: with fewer, a planned failover may promote one that lacks what the others have acknowledged. */
const REPLICAS = 2
/** Until the sentinels have noticed and promoted, and then until a store has found the new primary, in milliseconds. */
const RECOVERY_MS = 3_000 + 3_000 + 2_000

/**
 * A primary, two replicas and three sentinels: whichever server is killed, frozen or cut off, nothing that was
 * acknowledged is lost. The control's servers have no fence.
 */
export async function openSentinel(control: boolean): Promise<Site> {
  const parts = new Parts()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-soak-site-'))
    parts.add({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) })
    const account: Account = new Account(folder, () => group.peers.map(({ server }) => server))
    await account.ready()
    const network = parts.add(new Network())
    const hosts = Array.from({ length: HOSTS }, () => network.host())
    const config = control ? { ...DATA_SETTINGS, ...WITHOUT_FENCE } : DATA_SETTINGS
    const group = parts.add(
      await SentinelGroup.start({ network, replicas: REPLICAS, config, file: [account.line] }),
    )
    const generation = new Generation(folder, TTL_SECONDS)
    await generation.create((await group.primary()).server.url)

    const primary = async () => group.primary()
    const servers = async () => [(await primary()).server]
    const failovers = sentinelFaults(network, group, hosts)
    return {
      hosts,
      storeConfig: {
        kind: 'valkey',
        topology: group.topology,
        ...account.credentials,
        ttlSeconds: TTL_SECONDS,
        durability: { replicas: REPLICAS },
        generation: 'require',
      },
      route: { kind: 'sentinels', ports: group.sentinels.map(({ port }) => port), service: SERVICE },
      faults: [
        ...processFaults('primary', servers),
        ...processFaults('replica', async () => (await group.replicas()).map(({ server }) => server)),
        ...replicaFaults(network, async () => [
          { primary: await primary(), replicas: await group.replicas() },
        ]),
        ...failovers.all,
        flushed(group, generation),
        account.rotation,
        ...accessFaults(servers),
        ...networkFaults(
          network,
          hosts,
          [...group.peers, ...group.sentinels].flatMap(({ host }) => host ?? []),
        ),
      ],
      controlFaults: [failovers.zombie],
      keepsWhatWasSeen: false,
      recoveryMs: RECOVERY_MS,
      primaries: servers,
      settled: () => group.settled(),
      [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
    }
  } catch (error) {
    await parts[Symbol.asyncDispose]()
    throw error
  }
}

function flushed(group: SentinelGroup, generation: Generation): Fault {
  return {
    name: 'FLUSHALL',
    kind: 'data',
    lasts: [200, 1_500],
    async strike({ forget }) {
      const { server } = await group.primary()
      await replicated(server, 'FLUSHALL')
      return () =>
        forget(async () => {
          await generation.accept(server.url)
          await replicated(server, 'SET', 'soak:accepted', '1')
        })
    },
  }
}

/** Writes, and returns when both replicas have it and everything before it: no failover can bring back what was. */
async function replicated(server: TestServer, ...command: readonly string[]): Promise<void> {
  await until(`replicas that have ${command[0]}`, async () => {
    await using admin = await connect(server.port)
    await admin.send(...command)
    return (await admin.send('WAIT', '2', '1000')) === 2
  })
}
