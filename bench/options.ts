import { parseArgs } from 'node:util'
import { CONTESTANTS } from './contestant.js'

/** What can be measured. */
const SUITES = ['labels', 'safety', 'storage'] as const
export type Suite = (typeof SUITES)[number]

/** What the command line asks for. */
export interface BenchOptions {
  readonly suite: Suite
  /** File that receives every round as JSON. */
  readonly json: string | undefined
  readonly rounds: number
  /** Length of one measured window. */
  readonly seconds: number
  /** Load before each window, not measured. */
  readonly warmUpSeconds: number
  readonly contestants: readonly string[]
  /** Exit with 1 when a goal is missed. */
  readonly check: boolean
}

/** Bad use of the command line. The message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const USAGE = `usage: npm run bench -- [--suite NAME] [--json FILE] [--quick] [--rounds N] [--seconds S]
                       [--only a,b] [--check]

  --suite    labels: loads and appends of session labels against four other clients (default)
             safety: the same with and without proof, generation and ratchet
             storage: counters and session records against rate-limiter-flexible, connect-redis, connect-valkey
  --json     writes versions, machine, summary and every round to FILE
  --quick    one round with windows of one second: under a minute, and less exact
  --rounds   rounds for each contestant and number of callers, 1..100 (default 5)
  --seconds  length of a measured window, 0.1..600 (default 3)
  --only     contestants of the label suite to run: ${CONTESTANTS.join(', ')}
  --check    exits with 1 when a goal is missed
`

const FULL = { rounds: 5, seconds: 3, warmUpSeconds: 1 }
const QUICK = { rounds: 1, seconds: 1, warmUpSeconds: 0.3 }

/**
 * @param argv - Without the executable and the script.
 * @returns The options, or undefined when help is asked for.
 * @throws {UsageError}
 */
export function parseOptions(argv: readonly string[]): BenchOptions | undefined {
  const values = parseFlags(argv)
  if (values.help) return undefined
  const suite = SUITES.find((name) => name === values.suite)
  if (suite === undefined) {
    throw new UsageError(`--suite ${values.suite}: the suites are: ${SUITES.join(', ')}`)
  }
  const pace = values.quick ? QUICK : FULL
  return {
    suite,
    json: values.json,
    rounds: numberWithin('--rounds', values.rounds, pace.rounds, 1, 100, Number.isInteger),
    seconds: numberWithin('--seconds', values.seconds, pace.seconds, 0.1, 600, Number.isFinite),
    warmUpSeconds: pace.warmUpSeconds,
    contestants: contestantsNamed(values.only),
    check: values.check,
  }
}

function parseFlags(argv: readonly string[]): Flags {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        suite: { type: 'string', default: 'labels' },
        json: { type: 'string' },
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        only: { type: 'string' },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    return values as Flags
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

interface Flags {
  readonly suite: string
  readonly json: string | undefined
  readonly quick: boolean
  readonly rounds: string | undefined
  readonly seconds: string | undefined
  readonly only: string | undefined
  readonly check: boolean
  readonly help: boolean
}

function numberWithin(
  flag: string,
  text: string | undefined,
  fallback: number,
  min: number,
  max: number,
  accepts: (value: number) => boolean,
): number {
  if (text === undefined) return fallback
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (accepts(value) && value >= min && value <= max) return value
  const kind = accepts === Number.isInteger ? 'a whole number' : 'a number'
  throw new UsageError(`${flag} ${text}: write ${kind} from ${min} to ${max}`)
}

function contestantsNamed(list: string | undefined): readonly string[] {
  if (list === undefined) return CONTESTANTS
  const names = list.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !CONTESTANTS.includes(name))
  if (unknown === undefined) return CONTESTANTS.filter((name) => names.includes(name))
  throw new UsageError(`--only ${unknown}: the contestants are: ${CONTESTANTS.join(', ')}`)
}
