import type { WorkloadName } from './workload.js'

/** What one round is told to do. */
export interface RoundSpec {
  /** Default `labels`. */
  readonly workload?: WorkloadName
  /** Base name of a file in the folder of the workload's contestants. */
  readonly contestant: string
  readonly callers: number
  readonly url: string
  readonly warmUpSeconds: number
  /** Length of the measured window. */
  readonly seconds: number
}

/** What one round measured, over the window after the warm-up. Times are microseconds. */
export interface RoundResult {
  readonly operations: number
  readonly opsPerSecond: number
  readonly p50Micros: number
  readonly p99Micros: number
  readonly p999Micros: number
  /** Time the event loop was busy (`performance.eventLoopUtilization().active`). */
  readonly loopMicrosPerOp: number
  /** CPU time of the JavaScript thread alone; null (NaN before JSON) where the system does not tell. */
  readonly mainThreadCpuMicrosPerOp: number | null
  /** CPU time of the whole client process, native threads included. */
  readonly processCpuMicrosPerOp: number
  /** CPU time of the server. */
  readonly serverCpuMicrosPerOp: number
}

/** A measured quantity of a round. */
export type Metric = keyof RoundResult
