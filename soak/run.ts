import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { connect } from '../__test__/support/resp.js'
import type { Findings } from './check/verdict.js'
import { Epochs } from './epochs.js'
import { Fleet } from './fleet.js'
import { now } from './history/operation.js'
import { judge } from './judge.js'
import type { Fault } from './nemesis/fault.js'
import { Nemesis } from './nemesis/nemesis.js'
import { Schedule } from './nemesis/schedule.js'
import { Random } from './random.js'
import type { Site } from './sites/site.js'

/** How long nothing happens after a round of faults, besides the time that recovery may take, in milliseconds. */
const CALM_MS = 2_000
/** The name that our connections give themselves. */
const CONNECTION_NAME = ' name=indelible '

export interface RunOptions {
  readonly seed: number
  readonly seconds: number
  readonly workersPerHost: number
  /** Plain clients instead of our store. */
  readonly control: boolean
  /** Folder that keeps the histories; undefined: they are removed. */
  readonly history: string | undefined
}

/** What a run found, and under which circumstances. */
export interface Run {
  readonly findings: Findings
  /** Processes under load at a time. */
  readonly workers: number
  /** How often each fault struck. */
  readonly faults: Readonly<Record<string, number>>
  /** How often a loss was accepted. */
  readonly losses: number
}

/** Puts `site` under load and faults for some time, and judges what the nodes saw. */
export async function run(site: Site, options: RunOptions): Promise<Run> {
  const scratch = await mkdtemp(join(tmpdir(), 'indelible-soak-'))
  try {
    const { seed, seconds, workersPerHost, control, history = join(scratch, 'history') } = options
    await mkdir(history, { recursive: true })
    if ((await readdir(history)).length > 0)
      throw new Error(`${history} holds files: histories of two runs do not mix`)
    const random = new Random(seed)
    const crew = { site, history, scratch, workersPerHost, control, random: random.fork() }
    await using fleet = await Fleet.start(crew)
    const workers = fleet.size
    using epochs = new Epochs(fleet)
    const faults = control ? site.controlFaults : [...site.faults, nodeReplaced]
    const nemesis = new Nemesis(new Schedule(random.fork(), faults), {
      random: random.fork(),
      forget: (accept) => epochs.forget(accept),
      replaceWorker: () => fleet.replace(),
    })
    const calmMs = site.recoveryMs + CALM_MS
    const end = now() + seconds * 1_000
    epochs.start()
    await delay(CALM_MS)
    await nemesis.run(end - calmMs, () => site.settled(), calmMs)
    epochs.stop()
    await delay(Math.max(calmMs, end - now()))
    await site.settled()
    const connections = await mostConnections(site)
    if (!control) await fleet.audit(epochs.current)
    await fleet.stop()

    const { windows } = nemesis
    const { remains } = fleet
    const { recoveryMs } = site
    const findings = await judge({ history, epochs, windows, recoveryMs, remains, connections })
    return { findings, workers, faults: countsOf(windows.map(({ fault }) => fault)), losses: epochs.losses }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const nodeReplaced: Fault = {
  name: 'node replaced',
  kind: 'access',
  lasts: [0, 0],
  async strike({ replaceWorker }) {
    await replaceWorker()
    return async () => undefined
  },
}

/** How many connections of ours the server has that has most of them. */
async function mostConnections(site: Site): Promise<number> {
  const counts = (await site.primaries()).map(async ({ port }) => {
    await using admin = await connect(port)
    const clients = String(await admin.send('CLIENT', 'LIST', 'TYPE', 'normal')).split('\n')
    return clients.filter((client) => client.includes(CONNECTION_NAME)).length
  })
  return Math.max(...(await Promise.all(counts)))
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
