import { switchedAddon } from '../../scripts/build-switched.mjs'
import { startServer } from '../../scripts/test-server.mjs'
import { cellsAt, median, type Cell } from '../cell.js'
import { SUBJECT } from '../contestant.js'
import { judge, type Goal } from '../goal.js'
import { interleave } from '../interleave.js'
import { nodeContender } from '../node-contender.js'
import type { BenchOptions } from '../options.js'
import { emptyServers } from '../server-cpu.js'
import type { SuiteReport } from '../suite-report.js'

const CALLERS = [64, 512] as const

/** Same build, same server, once with and once without the mechanisms that make a load trustworthy. */
const WITHOUT = 'proof,generation,ratchet'

const DURABILITIES = {
  'aof-off': { says: 'AOF off', args: ['--appendonly', 'no'] },
  always: { says: 'fsync always', args: ['--appendonly', 'yes', '--appendfsync', 'always'] },
} as const

/** What proof, generation and ratchet cost: the suite behind the figure in `docs/benchmarks.md`. */
export async function runSafety(
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<SuiteReport> {
  const addon = await switchedAddon()
  const cells: Cell[] = []
  const goals: Goal[] = []
  for (const [durability, { says, args }] of Object.entries(DURABILITIES)) {
    await using server = await startServer({ args: [...args] })
    const spec = { contestant: SUBJECT, url: server.url }
    const build = (switches: string): NodeJS.ProcessEnv => ({
      INDELIBLE_NATIVE_PATH: addon,
      INDELIBLE_TEST_SWITCHES: switches,
    })
    const contenders = [
      nodeContender('subject', spec, { name: `safe, ${says}`, env: build('') }),
      nodeContender('peer', spec, { name: `unsafe, ${says}`, env: build(WITHOUT) }),
    ]
    const prepare = (): Promise<void> => emptyServers([server.port])
    const heats = { contenders, callers: CALLERS, title: says, prepare }
    const measured = await interleave(heats, options, progress)
    cells.push(...measured)
    for (const callers of CALLERS) {
      const [[safe], [unsafe]] = [cellsAt(measured, callers, 'subject'), cellsAt(measured, callers, 'peer')]
      const ratio = median(safe, 'opsPerSecond') / median(unsafe, 'opsPerSecond')
      goals.push(judge(`safety.${callers}.${durability}`, ratio))
    }
  }
  return { cells, goals }
}
