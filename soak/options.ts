import { parseArgs } from 'node:util'

import { TOPOLOGIES, type TopologyName } from './sites/site.js'

/** What the command line asks for. */
export interface SoakOptions {
  readonly topology: TopologyName
  readonly seconds: number
  readonly seed: number
  readonly workersPerHost: number
  /** Plain clients instead of our store: the run succeeds if they lose labels. */
  readonly control: boolean
  /** File that receives what was found as JSON. */
  readonly json: string | undefined
  /** Folder that keeps the histories. */
  readonly history: string | undefined
}

/** Bad use of the command line. The message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const USAGE = `usage: npm run soak -- [--topology NAME] [--seconds N] [--seed S] [--workers N] [--control]
                      [--json FILE] [--history FOLDER]

  --topology  standalone (default), sentinel or cluster
  --seconds   length of the run, 20..86400 (default 60); the round of faults that it ends in is finished
  --seed      decides faults and load, 0..4294967295 (default: one of chance, which is printed)
  --workers   processes on each of the three hosts, 1..16 (default 2)
  --control   plain SADD and SMEMBERS instead of our store: exits with 0 only if the check finds labels lost
  --json      writes what was found to FILE
  --history   keeps what every process did and saw in FOLDER, as JSON lines
`

/**
 * @param argv - Without the executable and the script.
 * @returns The options, or undefined when help is asked for.
 * @throws {UsageError}
 */
export function parseOptions(argv: readonly string[]): SoakOptions | undefined {
  const values = parseFlags(argv)
  if (values.help) return undefined
  const topology = TOPOLOGIES.find((name) => name === values.topology)
  if (topology === undefined) {
    throw new UsageError(`--topology ${values.topology}: the topologies are: ${TOPOLOGIES.join(', ')}`)
  }
  return {
    topology,
    seconds: wholeNumber('--seconds', values.seconds, 20, 86_400),
    seed: wholeNumber('--seed', values.seed ?? String(Math.floor(Math.random() * 2 ** 32)), 0, 2 ** 32 - 1),
    workersPerHost: wholeNumber('--workers', values.workers, 1, 16),
    control: values.control,
    json: values.json,
    history: values.history,
  }
}

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`${flag} ${text}: write a whole number from ${min} to ${max}`)
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        topology: { type: 'string', default: 'standalone' },
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string' },
        workers: { type: 'string', default: '2' },
        control: { type: 'boolean', default: false },
        json: { type: 'string' },
        history: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}
