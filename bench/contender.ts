import type { RoundResult } from './round-result.js'

/**
 * What takes part for what: ours, the fastest form of another client, its plain form, a bound that nobody passes, or
 * the harness by itself.
 */
export type Role = 'subject' | 'peer' | 'plain' | 'ceiling' | 'harness'

/** What every round of a suite has in common. */
export interface Pace {
  readonly warmUpSeconds: number
  /** Length of the measured window. */
  readonly seconds: number
}

/** Whatever takes a turn in a round. */
export interface Contender {
  readonly name: string
  readonly role: Role
  /** Measures one window with so many callers. */
  measure(callers: number, pace: Pace): Promise<RoundResult>
}
