import type { WorkloadName } from './workload.js'

/** What one round is told to do. */
export interface RoundSpec {
  /** Default `labels`. */
  readonly workload?: WorkloadName
  /** File below the folder of the workload's contestants, without its ending. */
  readonly contestant: string
  readonly callers: number
  /** What the contestant connects to. */
  readonly url: string
  /** Ports of the servers whose CPU time counts. Default: that of the URL. */
  readonly serverPorts?: readonly number[]
  readonly warmUpSeconds: number
  /** Length of the measured window. */
  readonly seconds: number
  /** Settings that the workload understands. */
  readonly shape?: Readonly<Record<string, number>>
}

/** What one round measured, over the window after the warm-up. Times are microseconds; null is what nobody can tell. */
export interface RoundResult {
  readonly operations: number
  readonly opsPerSecond: number
  readonly p50Micros: number
  readonly p99Micros: number | null
  readonly p999Micros: number | null
  /** Time the event loop was busy (`performance.eventLoopUtilization().active`). */
  readonly loopMicrosPerOp: number | null
  /** CPU time of the JavaScript thread alone. */
  readonly mainThreadCpuMicrosPerOp: number | null
  /** CPU time of the whole client process, native threads included. */
  readonly processCpuMicrosPerOp: number
  /** CPU time of the server. */
  readonly serverCpuMicrosPerOp: number | null
  /** Resident memory of the client process at the end of the window. */
  readonly megabytes: number | null
}

/** A measured quantity of a round. */
export type Metric = keyof RoundResult

export const METRICS: readonly Metric[] = [
  'operations',
  'opsPerSecond',
  'p50Micros',
  'p99Micros',
  'p999Micros',
  'loopMicrosPerOp',
  'mainThreadCpuMicrosPerOp',
  'processCpuMicrosPerOp',
  'serverCpuMicrosPerOp',
  'megabytes',
]
