import { SEEDING_OPERATIONS as SEEDING_INCREMENTS } from '../increment-workload.js'
import { SEEDING_OPERATIONS } from '../label-workload.js'
import { SEEDING_STEPS, STEPS_PER_OPERATION } from '../session-workload.js'

/** How the commands of a workload are told apart in a recording. */
export interface Mix {
  /** Each step of the driver has exactly one of these; a transaction may hold several. */
  readonly steps: ReadonlySet<string>
  /** Steps that only fill the server: the first ones. */
  readonly seeds: number
  /** Steps that a caller takes one after the other for one operation of the workload. */
  readonly stepsPerOperation: number
}

/** The workloads that have a raw ceiling. */
export const MIXES = {
  labels: { steps: new Set(['SMEMBERS', 'SADD']), seeds: SEEDING_OPERATIONS, stepsPerOperation: 1 },
  increments: { steps: new Set(['INCRBY']), seeds: SEEDING_INCREMENTS, stepsPerOperation: 1 },
  sessions: {
    steps: new Set(['HSET', 'HMGET']),
    seeds: SEEDING_STEPS,
    stepsPerOperation: STEPS_PER_OPERATION,
  },
} as const satisfies Readonly<Record<string, Mix>>
