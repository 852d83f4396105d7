/**
 * One round: one contestant, one number of callers, one fresh process. Started by `round-process.ts` with a
 * `RoundSpec` as JSON in its only argument; prints a `RoundResult` as JSON, or fails.
 */
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type RespClient } from '../__test__/support/resp.js'
import { LatencyHistogram } from './latency-histogram.js'
import { openWorkload } from './open-workload.js'
import type { RoundResult, RoundSpec } from './round-result.js'
import type { Workload } from './workload.js'

const MICROSECONDS_PER_SECOND = 1_000_000

const [, , argument = ''] = process.argv
const spec = JSON.parse(argument) as RoundSpec
process.stdout.write(JSON.stringify(await measure(spec)))

async function measure(round: RoundSpec): Promise<RoundResult> {
  const { callers, url, warmUpSeconds, seconds } = round
  const workload = await openWorkload(round)
  const server = await connect(Number(new URL(url).port))
  await workload.seed()

  const latencies = new LatencyHistogram()
  const callersDone = workload.run(callers, latencies)
  const [result] = await Promise.all([
    measureWindow(workload, latencies, server, warmUpSeconds, seconds).finally(() => workload.stop()),
    callersDone,
  ])
  await workload.close()
  await server.close()
  return result
}

async function measureWindow(
  workload: Workload,
  latencies: LatencyHistogram,
  server: RespClient,
  warmUpSeconds: number,
  seconds: number,
): Promise<RoundResult> {
  await sleep(warmUpSeconds * 1_000)
  const serverCpuBefore = await serverCpuMicros(server)
  latencies.reset()
  const operationsBefore = workload.operations
  const mainThreadBefore = await mainThreadCpuMicros()
  const cpuBefore = process.cpuUsage()
  const loopBefore = performance.eventLoopUtilization()
  const began = performance.now()

  await sleep(seconds * 1_000)

  const elapsedMs = performance.now() - began
  const loop = performance.eventLoopUtilization(loopBefore)
  const cpu = process.cpuUsage(cpuBefore)
  const operations = workload.operations - operationsBefore
  const p50 = latencies.percentile(0.5)
  const p99 = latencies.percentile(0.99)
  const p999 = latencies.percentile(0.999)
  const mainThreadCpu = (await mainThreadCpuMicros()) - mainThreadBefore
  const serverCpu = (await serverCpuMicros(server)) - serverCpuBefore
  return {
    operations,
    opsPerSecond: operations / (elapsedMs / 1_000),
    p50Micros: p50,
    p99Micros: p99,
    p999Micros: p999,
    loopMicrosPerOp: (loop.active * 1_000) / operations,
    mainThreadCpuMicrosPerOp: mainThreadCpu / operations,
    processCpuMicrosPerOp: (cpu.user + cpu.system) / operations,
    serverCpuMicrosPerOp: serverCpu / operations,
  }
}

/** CPU time that the server has used, in microseconds. */
async function serverCpuMicros(server: RespClient): Promise<number> {
  const info = String(await server.send('INFO', 'cpu'))
  const seconds = (field: string): number => Number(new RegExp(`^${field}:(.+)$`, 'm').exec(info)?.[1])
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * MICROSECONDS_PER_SECOND
}

/**
 * CPU time of the JavaScript thread in microseconds; NaN where the system does not tell. Unlike the event loop's
 * active time it does not grow when other processes compete for the core.
 */
async function mainThreadCpuMicros(): Promise<number> {
  const schedstat = await readFile(`/proc/self/task/${process.pid}/schedstat`, 'utf8').catch(() => '')
  return Number(schedstat.split(' ')[0] || Number.NaN) / 1_000
}
