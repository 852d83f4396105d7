import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Authority } from '../../__test__/valkey/support/certificates.js'
import { cellsAt, median } from '../cell.js'
import { judge } from '../goal.js'
import { interleave } from '../interleave.js'
import { nodeContender } from '../node-contender.js'
import type { BenchOptions } from '../options.js'
import { emptyServers } from '../server-cpu.js'
import type { SuiteReport } from '../suite-report.js'
import { startTlsServer } from '../tls-server.js'
import { AUTHORITY_VARIABLE } from '../tls-authority.js'

/** The label suite under TLS, ours against ioredis, with certificates made for this run. */
export async function runTls(options: BenchOptions, progress: (line: string) => void): Promise<SuiteReport> {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-tls-'))
  try {
    const authority = new Authority()
    const ca = join(folder, 'ca.pem')
    await writeFile(ca, authority.cert)
    await using server = await startTlsServer(authority, folder)
    progress(`TLS is that of ${server.terminates}`)
    const spec = { url: server.url, serverPorts: [server.plainPort] }
    const env = { [AUTHORITY_VARIABLE]: ca }
    const contenders = [
      nodeContender('subject', { ...spec, contestant: 'tls/indelible' }, { name: 'indelible', env }),
      nodeContender('peer', { ...spec, contestant: 'tls/ioredis' }, { name: 'ioredis', env }),
    ]
    const prepare = (): Promise<void> => emptyServers([server.plainPort])
    const cells = await interleave({ contenders, callers: options.callers, prepare }, options, progress)
    const ratio = (callers: number, metric: 'opsPerSecond' | 'p50Micros'): number => {
      const [[ours], [peer]] = [cellsAt(cells, callers, 'subject'), cellsAt(cells, callers, 'peer')]
      return median(ours, metric) / median(peer, metric)
    }
    const goals = [
      ...(options.callers.includes(512) ? [judge('tls.512.throughput', ratio(512, 'opsPerSecond'))] : []),
      ...(options.callers.includes(1) ? [judge('tls.1.p50', ratio(1, 'p50Micros'))] : []),
    ]
    return { cells, goals }
  } finally {
    await rm(folder, { recursive: true })
  }
}
