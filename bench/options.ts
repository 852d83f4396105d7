import { parseArgs } from 'node:util'
import { CONTESTANTS } from './contestant.js'
import { SUITES, type Suite } from './suite.js'

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
  /** Numbers of callers of the suites labels and tls. */
  readonly callers: readonly number[]
  readonly contestants: readonly string[]
  /** Measure the ceilings and the harness as well. */
  readonly ceilings: boolean
  /** Leave out what only completes the picture. */
  readonly quick: boolean
  /** Write the summary to `bench/results/`, for `docs/benchmarks.md`. */
  readonly publish: boolean
  /** What makes the command exit with 1: a missed bar, or one that is missed by more than CI allows. */
  readonly demand: 'nothing' | 'bars' | 'gate'
}

/** Bad use of the command line. The message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Numbers of callers at which the bars stand. */
const CALLERS = [1, 64, 512] as const

const SUITE_NAMES = Object.keys(SUITES) as readonly Suite[]

export const USAGE = `usage: npm run bench -- [--suite NAME] [--json FILE] [--quick] [--rounds N] [--seconds S]
                       [--callers N,N] [--only a,b] [--no-ceilings] [--publish] [--check | --gate]

  --suite    ${SUITE_NAMES.map((name) => `${name}: ${SUITES[name]}`).join('\n             ')}
  --json     writes versions, machine, summary and every round to FILE
  --quick    three rounds with short windows: about a minute, and less exact
  --rounds   rounds for each contestant and number of callers, 1..100 (default 7)
  --seconds  length of a measured window, 0.1..600 (default 1.5)
  --callers  numbers of callers of the suites labels and tls (default ${CALLERS.join(',')})
  --only     contestants of the suite labels to run: ${CONTESTANTS.join(', ')}
  --no-ceilings  leaves out the two ceilings and the harness
  --publish  writes the summary to bench/results/, and from there charts and tables into docs/
  --check    exits with 1 when a bar is missed
  --gate     exits with 1 when a value falls below 0.7 of its bar, or of what was published if that is less; three times the
             rounds decide where the first ones say so
`

const FULL = { rounds: 7, seconds: 1.5, warmUpSeconds: 0.5 }
const QUICK = { rounds: 3, seconds: 0.3, warmUpSeconds: 0.2 }

/**
 * @param argv - Without the executable and the script.
 * @returns The options, or undefined when help is asked for.
 * @throws {UsageError}
 */
export function parseOptions(argv: readonly string[]): BenchOptions | undefined {
  const values = parseFlags(argv)
  if (values.help) return undefined
  const suite = SUITE_NAMES.find((name) => name === values.suite)
  if (suite === undefined) {
    throw new UsageError(`--suite ${values.suite}: the suites are: ${SUITE_NAMES.join(', ')}`)
  }
  const pace = values.quick ? QUICK : FULL
  return {
    suite,
    json: values.json,
    rounds: numberWithin('--rounds', values.rounds, pace.rounds, 1, 100, Number.isInteger),
    seconds: numberWithin('--seconds', values.seconds, pace.seconds, 0.1, 600, Number.isFinite),
    warmUpSeconds: pace.warmUpSeconds,
    callers: callersNamed(values.callers),
    contestants: contestantsNamed(values.only),
    ceilings: !values['no-ceilings'],
    quick: values.quick,
    publish: values.publish,
    demand: values.check ? 'bars' : values.gate ? 'gate' : 'nothing',
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
        callers: { type: 'string' },
        only: { type: 'string' },
        'no-ceilings': { type: 'boolean', default: false },
        publish: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        gate: { type: 'boolean', default: false },
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
  readonly callers: string | undefined
  readonly only: string | undefined
  readonly 'no-ceilings': boolean
  readonly publish: boolean
  readonly check: boolean
  readonly gate: boolean
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

function callersNamed(list: string | undefined): readonly number[] {
  if (list === undefined) return CALLERS
  return list.split(',').map((text) => numberWithin('--callers', text, 1, 1, 10_000, Number.isInteger))
}

function contestantsNamed(list: string | undefined): readonly string[] {
  if (list === undefined) return CONTESTANTS
  const names = list.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !CONTESTANTS.includes(name))
  if (unknown === undefined) return CONTESTANTS.filter((name) => names.includes(name))
  throw new UsageError(`--only ${unknown}: the contestants are: ${CONTESTANTS.join(', ')}`)
}
