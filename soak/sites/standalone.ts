import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { PowerCutServer } from '../../__test__/support/fsync-shim.js'
import { connect } from '../../__test__/support/resp.js'
import { Network } from '../../__test__/support/topologies/network.js'
import { Parts } from '../../__test__/support/topologies/parts.js'
import type { Fault } from '../nemesis/fault.js'
import { networkFaults } from '../nemesis/network-faults.js'
import { accessFaults, processFaults } from '../nemesis/server-faults.js'
import { Account } from './account.js'
import { Certificates } from './certificates.js'
import { Generation } from './generation.js'
import { DATA_SETTINGS, HOSTS, type Site, TTL_SECONDS } from './site.js'

const RECOVERY_MS = 5_000
/** Where a server keeps its appended file. */
const APPENDED = 'appendonlydir'

/**
 * One server behind TLS that syncs every write (`durability: { disk: 'always' }`): it may be killed, lose its power or
 * forget everything, and nothing that was acknowledged is lost unnoticed. For the control it syncs every second.
 */
export async function openStandalone(control: boolean): Promise<Site> {
  const parts = new Parts()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-soak-site-'))
    parts.add({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) })
    const account: Account = new Account(folder, () => [disk.server])
    await account.ready()
    const disk = parts.add(
      await PowerCutServer.start(control ? 'everysec' : 'always', {
        file: [account.line],
        config: DATA_SETTINGS,
      }),
    )
    const network = parts.add(new Network())
    const hosts = Array.from({ length: HOSTS }, () => network.host())
    const place = network.host()
    const certificates = parts.add(await Certificates.open(disk.server.port, folder))
    const [plainPort, port] = [await place.expose(disk.server.port), await place.expose(certificates.port)]
    const generation = new Generation(folder, TTL_SECONDS)
    const backup = join(folder, 'backup')
    await generation.create(disk.server.url)
    await cp(join(disk.server.dir, APPENDED), backup, { recursive: true })
    // The backup is of a generation before this one, as any is that was made before a loss was accepted.
    await generation.accept(disk.server.url)

    const flush = flushed(disk, generation)
    const powerCut = powerLost(disk)
    return {
      hosts,
      storeConfig: {
        kind: 'valkey',
        endpoint: `rediss://127.0.0.1:${port}`,
        tls: certificates.tls,
        ...account.credentials,
        ttlSeconds: TTL_SECONDS,
        durability: { disk: 'always' },
        checks: 'enforce',
        generation: 'require',
      },
      route: { kind: 'server', port: plainPort },
      faults: [
        ...processFaults('server', async () => [disk.server]),
        powerCut,
        slowDisk(disk),
        flush,
        restored(disk, backup, generation),
        account.rotation,
        certificates.rotation,
        ...accessFaults(async () => [disk.server]),
        ...networkFaults(network, hosts, [place]),
      ],
      controlFaults: [powerCut, { ...flush, strike: flushedUnnoticed(disk) }],
      keepsWhatWasSeen: !control,
      recoveryMs: RECOVERY_MS,
      primaries: async () => [disk.server],
      settled: async () => undefined,
      [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
    }
  } catch (error) {
    await parts[Symbol.asyncDispose]()
    throw error
  }
}

function powerLost(disk: PowerCutServer): Fault {
  return {
    name: 'power cut on a slow disk',
    kind: 'data',
    lasts: [500, 2_500],
    async strike({ random }) {
      await disk.trouble({ delayMs: random.between(20, 2_000) })
      return () => disk.cutPower()
    },
  }
}

function slowDisk(disk: PowerCutServer): Fault {
  return {
    name: 'slow disk',
    kind: 'data',
    lasts: [300, 3_000],
    async strike({ random }) {
      await disk.trouble({ delayMs: random.between(5, 800) })
      return () => disk.trouble({ delayMs: 0 })
    },
  }
}

function flushed(disk: PowerCutServer, generation: Generation): Fault {
  return {
    name: 'FLUSHALL',
    kind: 'data',
    lasts: [200, 1_500],
    async strike({ forget }) {
      await flushedUnnoticed(disk)()
      return () => forget(() => generation.accept(disk.server.url))
    },
  }
}

/** Nobody notices, and nobody is told. */
function flushedUnnoticed(disk: PowerCutServer): () => Promise<() => Promise<void>> {
  return async () => {
    await using admin = await connect(disk.server.port)
    await admin.send('FLUSHALL')
    return async () => undefined
  }
}

/** The server comes back with what it held before the last loss was accepted. */
function restored(disk: PowerCutServer, backup: string, generation: Generation): Fault {
  return {
    name: 'old backup restored',
    kind: 'data',
    lasts: [500, 2_000],
    async strike({ forget }) {
      await disk.server.stop('SIGKILL')
      const folder = join(disk.server.dir, APPENDED)
      await rm(folder, { recursive: true })
      await cp(backup, folder, { recursive: true })
      await disk.server.restart()
      return () => forget(() => generation.accept(disk.server.url))
    },
  }
}
