// What operations must end as, moment by moment: the entries of the fault matrix.

/** When a fault strikes: all but the first find a connection that has worked. */
export const MOMENTS = [
  'before connect',
  'idle',
  'request written',
  'read done, proof not',
  'reply cut',
] as const
export type Moment = (typeof MOMENTS)[number]

/** A failure. `indeterminate` is what a write's error must say; a read's is always false. */
export interface Failure {
  readonly code: string
  readonly reason?: string
  readonly indeterminate?: boolean
}

/** What an operation must end as. */
export type Expected = 'ok' | Failure

/** A cell that would mean nothing, and why. */
export interface Nothing {
  readonly because: string
}

/** The cells of one column. */
export type Ends = Readonly<Record<Moment, Expected | Nothing>>

/** The same failure of an operation that may have happened. */
export function maybe(failure: Failure): Failure {
  return { ...failure, indeterminate: true }
}

/** The same at every moment, but for those that are given. */
export function always(expected: Expected | Nothing, others: Partial<Ends> = {}): Ends {
  const every = Object.fromEntries(MOMENTS.map((moment) => [moment, expected])) as Ends
  return { ...every, ...others }
}

/** A write that may have happened from the moment on at which it was sent. */
export function sent(failure: Failure, others: Partial<Ends> = {}): Ends {
  return always(maybe(failure), { 'before connect': failure, ...others })
}

/** As `sent`, where an idle connection is known to be gone, so that nothing is sent over it. */
export function gone(failure: Failure, others: Partial<Ends> = {}): Ends {
  return sent(failure, { idle: failure, ...others })
}

/** A write that the server refuses; it may have happened only if it was done before the fault struck. */
export function refused(failure: Failure, others: Partial<Ends> = {}): Ends {
  return always(failure, { 'read done, proof not': maybe(failure), 'reply cut': maybe(failure), ...others })
}

const NO_PROOF: Nothing = { because: 'no proof ends a pipeline of records, counters and policies' }

/** A column of the storage driver. */
export function stored(ends: Ends): Ends {
  return { ...ends, 'read done, proof not': NO_PROOF }
}
