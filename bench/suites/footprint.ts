import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PEERS, SUBJECT } from '../contestant.js'
import { addonFile, installedSize, ourSize, type PackageSize } from '../footprint/package-size.js'
import { judge } from '../goal.js'
import type { BenchOptions } from '../options.js'
import { spread } from '../statistics.js'
import type { Fact, SuiteReport } from '../suite-report.js'

const SCRIPT = fileURLToPath(new URL('../footprint/start-up.mjs', import.meta.url))

/** Processes started for each client: a start-up is short and its time scatters. */
const STARTS_PER_ROUND = 3

/** The package that a client is installed as, where that is not its name. */
const PACKAGES: Readonly<Record<string, string>> = {
  'node-redis': 'redis',
  'valkey-glide': '@valkey/valkey-glide',
}

interface Start {
  readonly milliseconds: number
  readonly megabytes: number
}

/** What our packages cost before they do anything: start-up, memory, bytes. */
export async function runFootprint(
  url: string,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<SuiteReport> {
  const clients = [SUBJECT, ...PEERS]
  const starts = new Map<string, Start[]>(clients.map((client) => [client, []]))
  for (let round = 0; round < options.rounds * STARTS_PER_ROUND; round += 1) {
    if (round % STARTS_PER_ROUND === 0) progress(`round ${round / STARTS_PER_ROUND + 1} of ${options.rounds}`)
    for (const client of clients) starts.get(client)?.push(await start(client, url))
  }
  const facts: Fact[] = []
  for (const client of clients) {
    const all = starts.get(client) ?? []
    const add = (what: string, value: number, unit: string): void =>
      void facts.push({ what, who: client, value, unit })
    add('import to first load', spread(all.map(({ milliseconds }) => milliseconds)).median, 'ms')
    add('memory after it', spread(all.map(({ megabytes }) => megabytes)).median, 'MB')
    const { downloadBytes, diskBytes } = await sizeOf(client)
    add('download', downloadBytes / 1e6, 'MB')
    add('on disk', diskBytes / 1e6, 'MB')
  }
  const startOf = (client: string): number =>
    spread((starts.get(client) ?? []).map(({ milliseconds }) => milliseconds)).median
  return {
    cells: [],
    goals: [
      judge('footprint.addon', (await stat(await addonFile())).size / 1e6),
      judge('footprint.start-up', startOf(SUBJECT) / startOf('ioredis')),
    ],
    facts,
  }
}

function sizeOf(client: string): Promise<PackageSize> {
  return client === SUBJECT ? ourSize() : installedSize(PACKAGES[client] ?? client)
}

async function start(client: string, url: string): Promise<Start> {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, client, url], { timeout: 30_000 })
  return JSON.parse(stdout) as Start
}
