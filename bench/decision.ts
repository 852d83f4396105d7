import type { Goal } from './goal.js'
import type { BenchOptions } from './options.js'
import type { SuiteReport } from './suite-report.js'

/** How many times as many rounds decide where the first ones would fail the gate. */
const MORE = 3

/**
 * Measures, and once more with three times the rounds where the gate would fail. The gate has few and short rounds, and a
 * machine that is shared can bend their median by a factor of two; the longer measurement takes the place of the first,
 * whichever way it turns out.
 */
export async function decided(
  options: BenchOptions,
  measure: (options: BenchOptions) => Promise<SuiteReport>,
  progress: (line: string) => void,
): Promise<SuiteReport> {
  const report = await measure(options)
  if (options.demand !== 'gate' || passes(options, report)) return report
  const rounds = options.rounds * MORE
  progress(`below the gate: ${failing(report).join(', ')}; ${rounds} rounds decide`)
  return await measure({ ...options, rounds })
}

/** Whether a report comes up to what was demanded of it. */
export function passes({ demand }: BenchOptions, { goals }: SuiteReport): boolean {
  switch (demand) {
    case 'nothing':
      return true
    case 'bars':
      return goals.every(({ met }) => met)
    case 'gate':
      return goals.every(({ tolerable }) => tolerable)
  }
}

function failing({ goals }: SuiteReport): Goal['id'][] {
  return goals.filter(({ tolerable }) => !tolerable).map(({ id }) => id)
}
