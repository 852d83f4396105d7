/** What one caller did and saw: a line of a history. */
export type Operation = Append | Load

interface Call {
  /** Number of the process; every start of one counts. */
  readonly process: number
  readonly session: string
  /** Before the call, in milliseconds of the host's monotonic clock. */
  readonly t0: number
  /** After its promise had settled, by the same clock. */
  readonly t1: number
  /** Code and reason of the error, if it failed. */
  readonly code?: string
}

/** One label added, or not. */
export interface Append extends Call {
  readonly op: 'append'
  /** No other append of the run has it. */
  readonly label: string
  /** `fail` has certainly not happened; `unknown` may have happened, or may still. */
  readonly result: 'ok' | 'fail' | 'unknown'
}

/** The labels of a session, or none. */
export interface Load extends Call {
  readonly op: 'load'
  readonly result: 'ok' | 'fail'
  /** What was seen; empty if it failed. */
  readonly labels: readonly string[]
}

/** Milliseconds of CLOCK_MONOTONIC: the same clock for every process of this host. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}
