import type { LatencyHistogram } from './latency-histogram.js'

/** Work that callers do, again and again, until it is stopped. */
export interface Workload {
  /** Operations finished since the start. */
  readonly operations: number
  /** Prepares the data and sees that the contestant really does its work. */
  seed(): Promise<void>
  /** Runs callers that each wait for one operation before they begin the next, until `stop()`. */
  run(callers: number, latencies: LatencyHistogram): Promise<void>
  stop(): void
  /** Closes what the contestant opened. */
  close(): Promise<void>
}

/** The workloads by name; each has contestants of its own. */
export type WorkloadName = 'labels' | 'increments' | 'sessions' | 'growth' | 'appends'
