import type { BenchOptions } from './options.js'
import type { SuiteReport } from './suite-report.js'

/** How many times as many rounds decide where the first ones would fail the gate. */
const MORE = 3

/** A report, and the options that it was measured with. */
export interface Decision {
  readonly options: BenchOptions
  readonly report: SuiteReport
}

/**
 * Measures, and once more with three times the rounds where the gate would fail. The gate has few and short rounds, and a
 * machine that is shared can bend their median by a factor of two; the longer measurement takes the place of the first.
 * So what fails the gate has failed both.
 */
export async function decided(
  options: BenchOptions,
  measure: (options: BenchOptions) => Promise<SuiteReport>,
  progress: (line: string) => void,
): Promise<Decision> {
  const first = { options, report: await measure(options) }
  if (options.demand !== 'gate' || passes(first)) return first
  const more = { ...options, rounds: options.rounds * MORE }
  const below = first.report.goals.filter(({ tolerable }) => !tolerable)
  progress(`below the gate: ${below.map(({ id, value }) => `${id} ${value.toFixed(2)}`).join(', ')}`)
  progress(`${more.rounds} rounds decide`)
  return { options: more, report: await measure(more) }
}

/** Whether a report comes up to what was demanded of it. */
export function passes({ options, report }: Decision): boolean {
  switch (options.demand) {
    case 'nothing':
      return true
    case 'bars':
      return report.goals.every(({ met }) => met)
    case 'gate':
      return report.goals.every(({ tolerable }) => tolerable)
  }
}
