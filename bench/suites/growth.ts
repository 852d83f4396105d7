import { median, type Cell } from '../cell.js'
import type { Contender } from '../contender.js'
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
  /** Absent where the callers are what grows. */
  readonly shape?: (value: number) => Partial<Shape>
  readonly peer?: boolean
}

/** What was measured at one value. */
interface Point {
  readonly value: number
  readonly cell: Cell
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
    const points = await measured(growth, url, options, progress)
    const { id, title, x } = growth
    curves.push({ id, title, x, y: 'CPU time of a load, µs', series: seriesOf(points) })
    if (id !== 'sessions') continue
    for (const { value, cell } of points) cost.set(value, median(cell, 'processCpuMicrosPerOp'))
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

/** All values take part in every round, so that a machine that slows down slows all of them. */
async function measured(
  { id, values, shape, peer = false }: Growth,
  url: string,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<Point[]> {
  const present = options.quick ? few(values) : values
  const prepare = (): Promise<void> => emptyServers([Number(new URL(url).port)])
  if (shape === undefined) {
    const heats = { contenders: contendersOf(url, {}, peer), callers: present, title: id, prepare }
    const cells = await interleave(heats, options, progress)
    return cells.map((cell) => ({ value: cell.callers, cell }))
  }
  const entrants = present.flatMap((value) =>
    contendersOf(url, shape(value), peer).map((contender) => ({ value, contender })),
  )
  const contenders = entrants.map(({ contender }) => contender)
  const cells = await interleave({ contenders, callers: [CALLERS], title: id, prepare }, options, progress)
  return entrants.map(({ value }, index) => ({ value, cell: cells[index] as Cell }))
}

function contendersOf(url: string, shape: Partial<Shape>, peer: boolean): Contender[] {
  const spec = { workload: 'growth', url, shape: { ...USUAL, ...shape } } as const
  return [
    nodeContender('subject', { ...spec, contestant: 'indelible' }),
    ...(peer ? [nodeContender('peer', { ...spec, contestant: 'ioredis' })] : []),
  ]
}

function seriesOf(points: readonly Point[]): Series[] {
  const lines = new Map<string, [number, number][]>()
  const draw = (name: string, value: number, at: number): void => {
    lines.set(name, [...(lines.get(name) ?? []), [value, at]])
  }
  for (const { value, cell } of points) {
    draw(cell.contestant, value, median(cell, 'processCpuMicrosPerOp'))
    if (cell.role === 'subject') draw('the server, with ours', value, median(cell, 'serverCpuMicrosPerOp'))
  }
  return [...lines].map(([name, series]) => ({ name, points: series }))
}

/** The least and the second of a list: enough to see that it works. */
function few(values: readonly number[]): readonly number[] {
  return values.slice(0, 2)
}
