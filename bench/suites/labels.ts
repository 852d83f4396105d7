import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { best, cellsAt, lowerCeiling, median, type Cell } from '../cell.js'
import { ceilingsOf, LOOP } from '../ceilings.js'
import type { Contender } from '../contender.js'
import { PEERS, SUBJECT } from '../contestant.js'
import { judge, type Goal } from '../goal.js'
import { interleave } from '../interleave.js'
import { nodeContender } from '../node-contender.js'
import type { BenchOptions } from '../options.js'
import { judgeRatio } from '../ratio-goal.js'
import { emptyServers } from '../server-cpu.js'
import type { SuiteReport } from '../suite-report.js'

/** Other forms of the peers: what else a user of that client might write. */
const OTHER_FORMS: readonly (readonly [name: string, file: string, role: 'peer' | 'plain'])[] = [
  ['ioredis, pipelines', 'pipeline/ioredis', 'peer'],
  ['iovalkey, pipelines', 'pipeline/iovalkey', 'peer'],
  ['node-redis, plain', 'plain/node-redis', 'plain'],
  ['valkey-glide, plain', 'plain/valkey-glide', 'plain'],
]

/**
 * Our store beside four clients and two ceilings, on one server.
 *
 * @param url - A server that belongs to the bench alone: it is emptied before every measurement.
 */
export async function runLabels(
  url: string,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<SuiteReport> {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-raw-'))
  try {
    const contenders = await contendersFor(url, folder, options)
    const prepare = (): Promise<void> => emptyServers([Number(new URL(url).port)])
    const cells = await interleave({ contenders, callers: options.callers, prepare }, options, progress)
    return { cells, goals: goalsOf(cells) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function contendersFor(url: string, folder: string, options: BenchOptions): Promise<Contender[]> {
  const chosen = options.contestants
  const contestants = [SUBJECT, ...PEERS]
    .filter((name) => chosen.includes(name))
    .map((contestant) => nodeContender(contestant === SUBJECT ? 'subject' : 'peer', { contestant, url }))
  const forms = options.quick
    ? []
    : OTHER_FORMS.filter(([, file]) => chosen.includes(file.split('/')[1] ?? ''))
  const others = forms.map(([name, contestant, role]) => nodeContender(role, { contestant, url }, { name }))
  return [...contestants, ...others, ...(options.ceilings ? await boundsFor(url, folder, options) : [])]
}

/** The ceilings, and what nobody can avoid. */
async function boundsFor(url: string, folder: string, { quick }: BenchOptions): Promise<Contender[]> {
  const { loop, raw, unbounded } = await ceilingsOf({ url, folder, workload: 'labels' })
  return [nodeContender('harness', { contestant: 'harness', url }), loop, raw, ...(quick ? [] : [unbounded])]
}

/** @returns The bars that these cells can be judged by: none without ours, or without any peer. */
export function goalsOf(cells: readonly Cell[]): Goal[] {
  return [512, 64].flatMap((callers) => goalsAt(cells, callers)).concat(goalsOfOneCaller(cells))
}

function goalsAt(cells: readonly Cell[], callers: number): Goal[] {
  const [ours] = cellsAt(cells, callers, 'subject')
  const peer = best(cellsAt(cells, callers, 'peer'), 'opsPerSecond', 'most')
  if (ours === undefined || peer === undefined) return []
  const [harness] = cellsAt(cells, callers, 'harness')
  const lower = lowerCeiling(cells, callers)
  const loop = cellsAt(cells, callers, 'ceiling').find(({ contestant }) => contestant === LOOP)
  const net = (cell: Cell | undefined): number =>
    median(cell, 'loopMicrosPerOp') - median(harness, 'loopMicrosPerOp')
  const judged = (
    what: string,
    ceiling: Cell | undefined,
    quantity: (cell: Cell | undefined) => number,
  ): Goal => judgeRatio(`labels.${callers}.${what}`, { ours, peer, ceiling }, quantity, peer.contestant)
  return [
    judged('throughput', lower, (cell) => median(cell, 'opsPerSecond')),
    judged('loop', loop, (cell) => median(cell, 'loopMicrosPerOp')),
    ...(harness === undefined ? [] : [judged('loop-net', loop, net)]),
    ...(callers === 512 && lower !== undefined ? [shareOf(lower, ours)] : []),
  ]
}

function shareOf(ceiling: Cell, ours: Cell): Goal {
  const share = median(ours, 'opsPerSecond') / median(ceiling, 'opsPerSecond')
  return judge('labels.512.ceiling', share, ceiling.contestant)
}

function goalsOfOneCaller(cells: readonly Cell[]): Goal[] {
  const [ours] = cellsAt(cells, 1, 'subject')
  const peers = cellsAt(cells, 1, 'peer')
  if (ours === undefined || peers.length === 0) return []
  return (['p50', 'p99'] as const).map((percentile) => {
    const metric = `${percentile}Micros` as const
    const peer = best(peers, metric, 'least')
    return judge(`labels.1.${percentile}`, median(ours, metric) / median(peer, metric), peer?.contestant)
  })
}
