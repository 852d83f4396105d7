import { node24 } from '../node-24.js'
import { cellOf, type Cell } from '../cell.js'
import { SUBJECT } from '../contestant.js'
import type { Goal } from '../goal.js'
import type { BenchOptions } from '../options.js'
import { measurePolicyHit } from '../policy-hit.js'
import { runRound } from '../round-process.js'
import type { RoundResult } from '../round-result.js'
import { emptyServer, rotated, type LabelsReport } from './labels.js'

/** What ours must reach of the throughput of each peer. */
const LIMIT = 4
const CALLERS = 64

const WORKLOADS = {
  increments: ['rate-limiter-flexible-ioredis', 'rate-limiter-flexible-iovalkey'],
  sessions: ['connect-redis', 'connect-valkey-iovalkey'],
} as const

/** Microseconds that a policy in memory may take. */
const HIT_LIMIT_MICROS = 1

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
): Promise<LabelsReport> {
  const node = await node24()
  progress(`rounds run under Node.js ${node.version}`)
  const cells: Cell[] = []
  const goals: Goal[] = []
  for (const workload of ['increments', 'sessions'] as const) {
    const contestants = [SUBJECT, ...WORKLOADS[workload]].map((contestant) => ({
      contestant,
      rounds: [] as RoundResult[],
    }))
    for (let round = 0; round < options.rounds; round += 1) {
      progress(`${workload}, round ${round + 1} of ${options.rounds}`)
      for (const { contestant, rounds } of rotated(contestants, round)) {
        await emptyServer(url)
        const { warmUpSeconds, seconds } = options
        const spec = { workload, contestant, callers: CALLERS, url, warmUpSeconds, seconds }
        rounds.push(await runRound(spec, {}, node.path))
      }
    }
    const summed = contestants.map(({ contestant, rounds }) =>
      cellOf(`${workload}: ${contestant}`, CALLERS, rounds),
    )
    cells.push(...summed)
    goals.push(...goalsAgainstEach(summed))
  }
  return { cells, goals: [...goals, await policyGoal()] }
}

/** Ours, which comes first, against each of the others. */
function goalsAgainstEach([ours, ...peers]: readonly Cell[]): Goal[] {
  return peers.map((peer) => {
    const ratio = throughput(ours) / throughput(peer)
    return {
      callers: CALLERS,
      metric: 'opsPerSecond',
      peer: peer.contestant,
      ratio,
      limit: LIMIT,
      bound: 'min',
      met: ratio >= LIMIT,
    }
  })
}

async function policyGoal(): Promise<Goal> {
  const ratio = (await measurePolicyHit()) / HIT_LIMIT_MICROS
  const peer = 'one microsecond, for a policy in memory'
  return { callers: 1, metric: 'p50Micros', peer, ratio, limit: 1, bound: 'max', met: ratio <= 1 }
}

function throughput(cell: Cell | undefined): number {
  return cell?.summary.opsPerSecond?.median ?? Number.NaN
}
