/**
 * One round: one contestant, one number of callers, one fresh process. Started by `round-process.ts` with a
 * `RoundSpec` as JSON in its only argument; prints a `RoundResult` as JSON, or fails.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { LatencyHistogram } from './latency-histogram.js'
import { openWorkload } from './open-workload.js'
import type { RoundResult, RoundSpec } from './round-result.js'
import { serverCpuMicros } from './server-cpu.js'
import type { Workload } from './workload.js'

const [, , argument = ''] = process.argv
const spec = JSON.parse(argument) as RoundSpec
process.stdout.write(JSON.stringify(await measure(spec)))

async function measure(round: RoundSpec): Promise<RoundResult> {
  const { callers, url, serverPorts = [Number(new URL(url).port)], warmUpSeconds, seconds } = round
  const workload = await openWorkload(round)
  await workload.seed()

  const latencies = new LatencyHistogram()
  const callersDone = workload.run(callers, latencies)
  const [result] = await Promise.all([
    measureWindow(workload, latencies, serverPorts, warmUpSeconds, seconds).finally(() => workload.stop()),
    callersDone,
  ])
  await workload.close()
  return result
}

async function measureWindow(
  workload: Workload,
  latencies: LatencyHistogram,
  serverPorts: readonly number[],
  warmUpSeconds: number,
  seconds: number,
): Promise<RoundResult> {
  await sleep(warmUpSeconds * 1_000)
  const serverBefore = await serverUse(workload, serverPorts)
  latencies.reset()
  const operationsBefore = workload.operations
  const mainThreadBefore = mainThreadCpuMicros()
  const cpuBefore = process.cpuUsage()
  const loopBefore = performance.eventLoopUtilization()
  const began = performance.now()

  await sleep(seconds * 1_000)

  const elapsedMs = performance.now() - began
  const loop = performance.eventLoopUtilization(loopBefore)
  const cpu = process.cpuUsage(cpuBefore)
  const mainThreadCpu = mainThreadCpuMicros() - mainThreadBefore
  const operations = workload.operations - operationsBefore
  const p50 = latencies.percentile(0.5)
  const p99 = latencies.percentile(0.99)
  const p999 = latencies.percentile(0.999)
  const serverAfter = await serverUse(workload, serverPorts)
  return {
    operations,
    opsPerSecond: operations / (elapsedMs / 1_000),
    p50Micros: p50,
    p99Micros: p99,
    p999Micros: p999,
    loopMicrosPerOp: (loop.active * 1_000) / operations,
    mainThreadCpuMicrosPerOp: mainThreadCpu / operations,
    processCpuMicrosPerOp: (cpu.user + cpu.system) / operations,
    serverCpuMicrosPerOp:
      (serverAfter.micros - serverBefore.micros) / (serverAfter.operations - serverBefore.operations),
    megabytes: process.memoryUsage.rss() / 1e6,
  }
}

/** What the servers have used so far and for how many operations: on a busy client the answer comes late. */
async function serverUse(
  workload: Workload,
  ports: readonly number[],
): Promise<{ micros: number; operations: number }> {
  const micros = await serverCpuMicros(ports)
  return { micros, operations: workload.operations }
}

/**
 * CPU time of the JavaScript thread in microseconds; NaN where the system does not tell. Unlike the event loop's
 * active time it does not grow when other processes compete for the core.
 */
function mainThreadCpuMicros(): number {
  try {
    const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')
    return Number(nanoseconds) / 1_000
  } catch {
    return Number.NaN
  }
}
