import { setTimeout as sleep } from 'node:timers/promises'
import { cellsAt, median, type Cell } from '../cell.js'
import type { Contender, Pace } from '../contender.js'
import { GatewayWorkload } from '../gateway/gateway-workload.js'
import { METHODS, type Traffic } from '../gateway/protocol.js'
import { BenchUpstream, Relay } from '../gateway/relay.js'
import { judge, type Goal } from '../goal.js'
import { interleave } from '../interleave.js'
import { LatencyHistogram } from '../latency-histogram.js'
import type { BenchOptions } from '../options.js'
import type { RoundResult } from '../round-result.js'
import { emptyServers, serverCpuMicros } from '../server-cpu.js'
import type { SuiteReport } from '../suite-report.js'

const CALLERS = 16
const MICROS_PER_MS = 1_000

/** What the gateway adds to a request, beside a relay that does nothing but relay. */
export async function runGateway(
  url: string,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<SuiteReport> {
  await using upstream = await BenchUpstream.start()
  const traffics = Object.keys(METHODS) as Traffic[]
  const contenders = traffics.flatMap((traffic) => [
    contender('gateway', traffic, url, upstream.url),
    contender('bare', traffic, url, upstream.url),
  ])
  const prepare = (): Promise<void> => emptyServers([Number(new URL(url).port)])
  const cells = await interleave({ contenders, callers: [CALLERS], prepare }, options, progress)
  return { cells, goals: traffics.map((traffic, index) => goalOf(traffic, cells, index)) }
}

function contender(kind: 'gateway' | 'bare', traffic: Traffic, url: string, upstream: string): Contender {
  return {
    name: `${METHODS[traffic]}: ${kind === 'bare' ? 'bare relay' : 'gateway'}`,
    role: kind === 'bare' ? 'peer' : 'subject',
    async measure(callers, pace) {
      await using relay = await Relay.start({ kind, upstream, store: url })
      const workload = new GatewayWorkload(relay.address, traffic)
      await workload.seed()
      return await measured(relay, workload, Number(new URL(url).port), callers, pace)
    },
  }
}

async function measured(
  relay: Relay,
  workload: GatewayWorkload,
  serverPort: number,
  callers: number,
  { warmUpSeconds, seconds }: Pace,
): Promise<RoundResult> {
  const latencies = new LatencyHistogram()
  const done = workload.run(callers, latencies)
  await sleep(warmUpSeconds * 1_000)
  latencies.reset()
  const [before, serverBefore, operationsBefore] = [
    await relay.use(),
    await serverCpuMicros([serverPort]),
    workload.operations,
  ]
  const began = performance.now()
  await sleep(seconds * 1_000)
  const elapsed = (performance.now() - began) / 1_000
  const [after, serverAfter] = [await relay.use(), await serverCpuMicros([serverPort])]
  const operations = workload.operations - operationsBefore
  workload.stop()
  await done
  await workload.close()
  return {
    operations,
    opsPerSecond: operations / elapsed,
    p50Micros: latencies.percentile(0.5),
    p99Micros: latencies.percentile(0.99),
    p999Micros: latencies.percentile(0.999),
    loopMicrosPerOp: ((after.activeMs - before.activeMs) * MICROS_PER_MS) / operations,
    mainThreadCpuMicrosPerOp: null,
    processCpuMicrosPerOp: (after.cpuMicros - before.cpuMicros) / operations,
    serverCpuMicrosPerOp: (serverAfter - serverBefore) / operations,
    megabytes: after.megabytes,
  }
}

/** The CPU time that the gateway adds, in milliseconds. */
function goalOf(traffic: Traffic, cells: readonly Cell[], index: number): Goal {
  const ours = cellsAt(cells, CALLERS, 'subject')[index]
  const bare = cellsAt(cells, CALLERS, 'peer')[index]
  const added = median(ours, 'processCpuMicrosPerOp') - median(bare, 'processCpuMicrosPerOp')
  return judge(`gateway.${traffic}`, added / MICROS_PER_MS)
}
