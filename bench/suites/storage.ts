import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cellsAt, lowerCeiling, median, type Cell } from '../cell.js'
import { ceilingsOf } from '../ceilings.js'
import type { Contender } from '../contender.js'
import { SUBJECT } from '../contestant.js'
import { judge, type Goal } from '../goal.js'
import { interleave } from '../interleave.js'
import { node24 } from '../node-24.js'
import { nodeContender } from '../node-contender.js'
import type { BenchOptions } from '../options.js'
import { measurePolicyHit } from '../policy-hit.js'
import { judgeRatio } from '../ratio-goal.js'
import type { RawOptions } from '../raw/raw-contender.js'
import { emptyServers } from '../server-cpu.js'
import type { SuiteReport } from '../suite-report.js'

const CALLERS = 64

/** The contestants of each workload, and the bar that stands against each. */
const WORKLOADS = {
  increments: {
    'rate-limiter-flexible-ioredis': 'storage.increments.ioredis',
    'rate-limiter-flexible-iovalkey': 'storage.increments.iovalkey',
  },
  sessions: {
    'connect-redis': 'storage.sessions.connect-redis',
    'connect-valkey-iovalkey': 'storage.sessions.connect-valkey',
  },
} as const

/**
 * The storage driver beside what people use: counters of a rate limiter, and session records; and beside the two ceilings
 * of each. All rounds run under the Node.js that the session stores demand; `progress` tells which.
 *
 * @param url - A server that belongs to the bench alone: it is emptied before every measurement.
 */
export async function runStorage(
  url: string,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<SuiteReport> {
  const node = await node24()
  progress(`rounds run under Node.js ${node.version}`)
  const folder = await mkdtemp(join(tmpdir(), 'indelible-raw-'))
  try {
    const cells: Cell[] = []
    const goals: Goal[] = []
    for (const workload of ['increments', 'sessions'] as const) {
      const bars = WORKLOADS[workload]
      const nameOf = (name: string): string => `${workload}: ${name}`
      const entry: RawOptions = { url, folder, workload, node: node.path, nameOf }
      const contenders = contestantsOf(entry, nameOf, Object.keys(bars))
      if (options.ceilings) {
        const { loop, raw } = await ceilingsOf(entry)
        contenders.push(loop, raw)
      }
      const prepare = (): Promise<void> => emptyServers([Number(new URL(url).port)])
      const heats = { contenders, callers: [CALLERS], title: workload, prepare }
      const measured = await interleave(heats, options, progress)
      cells.push(...measured)
      goals.push(...goalsAgainstEach(measured, Object.values(bars)))
    }
    return { cells, goals: [...goals, judge('storage.policy', await measurePolicyHit())] }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function contestantsOf(
  { workload, url, node }: Pick<RawOptions, 'workload' | 'url' | 'node'>,
  nameOf: (name: string) => string,
  peers: readonly string[],
): Contender[] {
  return [SUBJECT, ...peers].map((contestant) =>
    nodeContender(
      contestant === SUBJECT ? 'subject' : 'peer',
      { workload, contestant, url },
      { name: nameOf(contestant), node },
    ),
  )
}

function goalsAgainstEach(cells: readonly Cell[], bars: readonly string[]): Goal[] {
  const [ours] = cellsAt(cells, CALLERS, 'subject')
  const peers = cellsAt(cells, CALLERS, 'peer')
  const ceiling = lowerCeiling(cells, CALLERS)
  const throughput = (cell: Cell | undefined): number => median(cell, 'opsPerSecond')
  return bars.map((id, index) => judgeRatio(id, { ours, peer: peers[index], ceiling }, throughput))
}
