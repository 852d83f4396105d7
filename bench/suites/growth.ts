import { median, type Cell } from '../cell.js'
import { judge } from '../goal.js'
import { ratchetMegabytes } from '../growth/ratchet-memory.js'
import { USUAL, type Shape } from '../growth/shape.js'
import { interleave } from '../interleave.js'
import { nodeContender } from '../node-contender.js'
import type { BenchOptions } from '../options.js'
import { emptyServers } from '../server-cpu.js'
import type { Curve, Series, SuiteReport } from '../suite-report.js'

/** One quantity that grows while the others stay as usual. */
interface Growth {
  readonly id: string
  readonly title: string
  readonly x: string
  readonly values: readonly number[]
  readonly shape: (value: number) => Partial<Shape>
  /** Callers where they are not what grows. */
  readonly callers?: (value: number) => number
  readonly peer?: boolean
}

const CALLERS = 64

const GROWTHS: readonly Growth[] = [
  {
    id: 'labels',
    title: 'Labels of a session',
    x: 'labels',
    values: [1, 3, 10, 30, 100, 300, 1_000],
    shape: (labels) => ({ labels, sessions: 100, hot: 100 }),
    peer: true,
  },
  {
    id: 'label-bytes',
    title: 'Length of a label',
    x: 'bytes',
    values: [8, 32, 128, 256],
    shape: (labelBytes) => ({ labelBytes }),
  },
  {
    id: 'sets',
    title: 'Different label sets',
    x: 'label sets',
    values: [1, 100, 1_000, 10_000, 100_000],
    shape: (sets) => ({ sets, sessions: Math.max(sets, 1_000), hot: Math.max(sets, 1_000) }),
  },
  {
    id: 'sessions',
    title: 'Sessions in the ratchet',
    x: 'sessions',
    values: [1_000, 10_000, 100_000, 1_000_000],
    shape: (sessions) => ({ sessions, hot: 1_000 }),
  },
  {
    id: 'callers',
    title: 'Callers',
    x: 'callers',
    values: [1, 4, 16, 64, 256, 1_024, 4_096, 10_000],
    shape: () => ({}),
    callers: (value) => value,
    peer: true,
  },
  {
    id: 'stores',
    title: 'Open stores, 64 callers in all',
    x: 'stores',
    values: [1, 2, 4, 8, 16, 32],
    shape: (stores) => ({ stores }),
  },
]

const MILLION = 1_000_000

/** How the cost of a load grows with what there is to keep. */
export async function runGrowth(
  url: string,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<SuiteReport> {
  const curves: Curve[] = []
  const cost = new Map<number, number>()
  for (const growth of GROWTHS) {
    const series = new Map<string, [number, number][]>()
    for (const value of options.quick ? few(growth.values) : growth.values) {
      const cells = await measured(growth, value, url, options, progress)
      for (const { name, at } of seriesOf(cells)) series.set(name, [...(series.get(name) ?? []), [value, at]])
      const [ours] = cells
      if (growth.id === 'sessions') cost.set(value, median(ours, 'processCpuMicrosPerOp'))
    }
    const { id, title, x } = growth
    const lines: Series[] = [...series].map(([name, points]) => ({ name, points }))
    curves.push({ id, title, x, y: 'CPU time of a load, µs', series: lines })
  }
  if (options.quick) return { cells: [], goals: [], curves }
  await emptyServers([Number(new URL(url).port)])
  progress('memory of the ratchet')
  const goals = [
    judge('growth.ratchet.memory', await ratchetMegabytes(url, MILLION)),
    judge('growth.ratchet.cost', (cost.get(MILLION) ?? Number.NaN) / (cost.get(1_000) ?? Number.NaN)),
  ]
  return { cells: [], goals, curves }
}

async function measured(
  { id, shape, callers = () => CALLERS, peer = false }: Growth,
  value: number,
  url: string,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<Cell[]> {
  const whole: Shape = { ...USUAL, ...shape(value) }
  const spec = { workload: 'growth', url, shape: { ...whole } } as const
  const contenders = [
    nodeContender('subject', { ...spec, contestant: 'indelible' }),
    ...(peer ? [nodeContender('peer', { ...spec, contestant: 'ioredis' })] : []),
  ]
  const prepare = (): Promise<void> => emptyServers([Number(new URL(url).port)])
  const heats = { contenders, callers: [callers(value)], title: `${id} ${value}`, prepare }
  return await interleave(heats, options, progress)
}

function seriesOf(cells: readonly Cell[]): { name: string; at: number }[] {
  return cells.flatMap((cell) => [
    { name: cell.contestant, at: median(cell, 'processCpuMicrosPerOp') },
    ...(cell.role === 'subject'
      ? [{ name: 'the server, with ours', at: median(cell, 'serverCpuMicrosPerOp') }]
      : []),
  ])
}

/** The least and the second of a list: enough to see that it works. */
function few(values: readonly number[]): readonly number[] {
  return values.slice(0, 2)
}
