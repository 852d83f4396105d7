import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender } from '../contender.js'
import { SUBJECT } from '../contestant.js'
import { SEEDING_OPERATIONS } from '../label-workload.js'
import { runRound } from '../round-process.js'
import type { RoundResult } from '../round-result.js'
import { serverCpuMicros } from '../server-cpu.js'
import { Recorder } from './recorder.js'
import { runRawProgram, type RawLoad } from './raw-program.js'

/** Ways of keeping the operations of so many callers under way: all at once, in halves, in quarters. */
const CUTS = [1, 2, 4] as const

/** How long our store is listened to. */
const RECORDED = { warmUpSeconds: 0.3, seconds: 0.3 } as const

/** The deepest pipeline that is tried, for the bound that no number of callers passes. */
const UNBOUNDED: RawLoad = { outstanding: 8_192, batches: 16 }

/**
 * The *raw* ceilings of a server: what our store sends with so many callers, sent again by a program that does nothing
 * else. `raw` keeps as many operations outstanding as there are callers, in the cut that is fastest; `raw, unbounded`
 * does not wait for anyone.
 *
 * @param folder - Receives the recordings.
 */
export function rawContenders(url: string, folder: string): Contender[] {
  const port = Number(new URL(url).port)
  const recordings = new Map<number, Promise<string>>()
  const recorded = (callers: number): Promise<string> => {
    const file = recordings.get(callers) ?? record(port, callers, join(folder, `${callers}.recording`))
    recordings.set(callers, file)
    return file
  }
  const contender = (name: string, loads: (callers: number) => readonly RawLoad[]): Contender => ({
    name,
    role: 'ceiling',
    async measure(callers, pace) {
      const file = await recorded(callers)
      const results: RoundResult[] = []
      const cuts = loads(callers)
      const seconds = pace.seconds / cuts.length
      for (const load of cuts) results.push(await measure(port, file, load, { ...pace, seconds }))
      return results.toSorted((one, other) => one.opsPerSecond - other.opsPerSecond).at(-1) as RoundResult
    },
  })
  return [contender('raw', (callers) => cutsOf(callers)), contender('raw, unbounded', () => [UNBOUNDED])]
}

function cutsOf(callers: number): RawLoad[] {
  return CUTS.filter((batches) => batches <= callers).map((batches) => ({ outstanding: callers, batches }))
}

async function record(port: number, callers: number, file: string): Promise<string> {
  await using recorder = await Recorder.open(port)
  await runRound({ contestant: SUBJECT, callers, url: recorder.url, serverPorts: [port], ...RECORDED })
  await writeFile(file, recorder.recording.encode(SEEDING_OPERATIONS))
  return file
}

async function measure(
  port: number,
  file: string,
  load: RawLoad,
  pace: { readonly warmUpSeconds: number; readonly seconds: number },
): Promise<RoundResult> {
  const before = await serverCpuMicros([port])
  const raw = await runRawProgram(`127.0.0.1:${port}`, file, load, pace)
  const whole = pace.warmUpSeconds + pace.seconds
  const serverCpu = (((await serverCpuMicros([port])) - before) * raw.seconds) / whole
  const { operations, seconds, p50Micros, p99Micros, p999Micros, cpuMicros } = raw
  return {
    operations,
    opsPerSecond: operations / seconds,
    p50Micros,
    p99Micros,
    p999Micros,
    loopMicrosPerOp: null,
    mainThreadCpuMicrosPerOp: null,
    processCpuMicrosPerOp: cpuMicros / operations,
    serverCpuMicrosPerOp: serverCpu / operations,
    megabytes: null,
  }
}
