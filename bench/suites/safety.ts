import { startServer } from '../../scripts/test-server.mjs'
import { switchedAddon } from '../../scripts/build-switched.mjs'
import { cellOf, type Cell } from '../cell.js'
import { SUBJECT } from '../contestant.js'
import type { Goal } from '../goal.js'
import type { BenchOptions } from '../options.js'
import { runRound } from '../round-process.js'
import type { RoundResult } from '../round-result.js'
import { emptyServer } from './labels.js'
import type { LabelsReport } from './labels.js'

/** The least that the safe store must reach of the throughput that it has without its mechanisms. */
const LIMIT = 0.85
const CALLERS = [64, 512] as const

/** Same build, same server, once with and once without the mechanisms that make a load trustworthy. */
const BUILDS = {
  safe: '',
  unsafe: 'proof,generation,ratchet',
} as const

const DURABILITIES = {
  'AOF off': ['--appendonly', 'no'],
  'appendfsync always': ['--appendonly', 'yes', '--appendfsync', 'always'],
} as const

/** What proof, generation and ratchet cost: the suite behind the figure in `docs/benchmarks.md`. */
export async function runSafety(
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<LabelsReport> {
  const addon = await switchedAddon()
  const cells: Cell[] = []
  const goals: Goal[] = []
  for (const [durability, args] of Object.entries(DURABILITIES)) {
    await using server = await startServer({ args: [...args] })
    for (const callers of CALLERS) {
      progress(`${durability}, ${callers} callers`)
      const rounds: Record<keyof typeof BUILDS, RoundResult[]> = { safe: [], unsafe: [] }
      for (let round = 0; round < options.rounds; round += 1) {
        const order = Object.keys(BUILDS) as (keyof typeof BUILDS)[]
        for (const build of round % 2 === 0 ? order : order.toReversed()) {
          const { warmUpSeconds, seconds } = options
          const spec = { contestant: SUBJECT, callers, url: server.url, warmUpSeconds, seconds }
          const env = { INDELIBLE_NATIVE_PATH: addon, INDELIBLE_TEST_SWITCHES: BUILDS[build] }
          await emptyServer(server.url)
          rounds[build].push(await runRound(spec, env))
        }
      }
      const safe = cellOf(`safe, ${durability}`, callers, rounds.safe)
      const unsafe = cellOf(`unsafe, ${durability}`, callers, rounds.unsafe)
      const ratio = median(safe) / median(unsafe)
      cells.push(safe, unsafe)
      goals.push({
        callers,
        metric: 'opsPerSecond',
        peer: unsafe.contestant,
        ratio,
        limit: LIMIT,
        bound: 'min',
        met: ratio >= LIMIT,
      })
    }
  }
  return { cells, goals }
}

function median(cell: Cell): number {
  return cell.summary.opsPerSecond?.median ?? Number.NaN
}
