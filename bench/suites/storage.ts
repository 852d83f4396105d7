import { cellsAt, median, type Cell } from '../cell.js'
import { SUBJECT } from '../contestant.js'
import { judge, type Goal } from '../goal.js'
import { interleave } from '../interleave.js'
import { node24 } from '../node-24.js'
import { nodeContender } from '../node-contender.js'
import type { BenchOptions } from '../options.js'
import { measurePolicyHit } from '../policy-hit.js'
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
 * The storage driver beside what people use: counters of a rate limiter, and session records. All rounds run under
 * the Node.js that the session stores demand; `progress` tells which.
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
  const cells: Cell[] = []
  const goals: Goal[] = []
  for (const workload of ['increments', 'sessions'] as const) {
    const bars = WORKLOADS[workload]
    const contenders = [SUBJECT, ...Object.keys(bars)].map((contestant) =>
      nodeContender(
        contestant === SUBJECT ? 'subject' : 'peer',
        { workload, contestant, url },
        { name: `${workload}: ${contestant}`, node: node.path },
      ),
    )
    const prepare = (): Promise<void> => emptyServers([Number(new URL(url).port)])
    const heats = { contenders, callers: [CALLERS], title: workload, prepare }
    const measured = await interleave(heats, options, progress)
    cells.push(...measured)
    goals.push(...goalsAgainstEach(measured, Object.values(bars)))
  }
  return { cells, goals: [...goals, judge('storage.policy', await measurePolicyHit())] }
}

function goalsAgainstEach(cells: readonly Cell[], bars: readonly string[]): Goal[] {
  const [ours] = cellsAt(cells, CALLERS, 'subject')
  const peers = cellsAt(cells, CALLERS, 'peer')
  return bars.map((id, index) =>
    judge(id, median(ours, 'opsPerSecond') / median(peers[index], 'opsPerSecond')),
  )
}
