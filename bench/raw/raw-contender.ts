import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender } from '../contender.js'
import { SUBJECT } from '../contestant.js'
import { runRound } from '../round-process.js'
import type { RoundResult } from '../round-result.js'
import { serverCpuMicros } from '../server-cpu.js'
import { MIXES } from './mix.js'
import { Recorder } from './recorder.js'
import { runRawProgram, type RawLoad } from './raw-program.js'

/** Ways of keeping the operations of so many callers under way: all at once, in halves, in quarters. */
const CUTS = [1, 2, 4] as const

/** How long our store is listened to. */
const RECORDED = { warmUpSeconds: 0.3, seconds: 0.3 } as const

/** The deepest pipeline that is tried: as much as the server does when nobody waits for an answer. */
const UNBOUNDED: RawLoad = { outstanding: 8_192, batches: 16 }

/** Whose raw ceilings are asked for. */
export interface RawOptions {
  /** A server of the bench's own. */
  readonly url: string
  /** Receives the recordings. */
  readonly folder: string
  readonly workload: keyof typeof MIXES
  /** The Node.js that our store is listened to under. Default: that of the bench. */
  readonly node?: string | undefined
  /** What the report calls a ceiling. Default: as it is named here. */
  readonly nameOf?: (name: string) => string
}

/**
 * The *raw* ceilings of a server: what our store sends with so many callers, sent again by a program that does nothing
 * else. The first keeps as much outstanding as there are callers, in the cut that is fastest; the second does not wait for
 * anyone.
 */
export function rawContenders(options: RawOptions): {
  readonly raw: Contender
  readonly unbounded: Contender
} {
  const { nameOf = (name) => name } = options
  const recordings = new Map<number, Promise<string>>()
  const recorded = (callers: number): Promise<string> => {
    const file = recordings.get(callers) ?? record(callers, options)
    recordings.set(callers, file)
    return file
  }
  const contender = (name: string, loads: (callers: number) => readonly RawLoad[]): Contender => ({
    name: nameOf(name),
    role: 'ceiling',
    async measure(callers, pace) {
      const file = await recorded(callers)
      const results: RoundResult[] = []
      const cuts = loads(callers)
      const seconds = pace.seconds / cuts.length
      for (const load of cuts) results.push(await measure(options, file, load, { ...pace, seconds }))
      return results.toSorted((one, other) => one.opsPerSecond - other.opsPerSecond).at(-1) as RoundResult
    },
  })
  return {
    raw: contender('raw', (callers) => cutsOf(callers)),
    unbounded: contender('raw, unbounded', () => [UNBOUNDED]),
  }
}

function cutsOf(callers: number): RawLoad[] {
  return CUTS.filter((batches) => batches <= callers).map((batches) => ({ outstanding: callers, batches }))
}

async function record(callers: number, { url, folder, workload, node }: RawOptions): Promise<string> {
  const port = portOf(url)
  const file = join(folder, `${workload}-${callers}.recording`)
  await using recorder = await Recorder.open(port, MIXES[workload])
  const round = {
    workload,
    contestant: SUBJECT,
    callers,
    url: recorder.url,
    serverPorts: [port],
    ...RECORDED,
  }
  await runRound(round, {}, node)
  await writeFile(file, recorder.recording.encode())
  return file
}

async function measure(
  { url, workload }: RawOptions,
  file: string,
  load: RawLoad,
  pace: { readonly warmUpSeconds: number; readonly seconds: number },
): Promise<RoundResult> {
  const port = portOf(url)
  const before = await serverCpuMicros([port])
  const raw = await runRawProgram(`127.0.0.1:${port}`, file, load, pace)
  const whole = pace.warmUpSeconds + pace.seconds
  const serverCpu = (((await serverCpuMicros([port])) - before) * raw.seconds) / whole
  const steps = MIXES[workload].stepsPerOperation
  const operations = raw.operations / steps
  return {
    operations,
    opsPerSecond: operations / raw.seconds,
    // The steps of an operation follow each other; of their tails nothing is known together.
    p50Micros: raw.p50Micros * steps,
    p99Micros: steps === 1 ? raw.p99Micros : null,
    p999Micros: steps === 1 ? raw.p999Micros : null,
    loopMicrosPerOp: null,
    mainThreadCpuMicrosPerOp: null,
    processCpuMicrosPerOp: raw.cpuMicros / operations,
    serverCpuMicrosPerOp: serverCpu / operations,
    megabytes: null,
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}
