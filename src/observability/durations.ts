/**
 * Upper bounds, in seconds, of the buckets for durations: those that OpenTelemetry's conventions for database clients
 * prescribe, and finer ones below a millisecond, where an operation that is well ends.
 */
export const DURATION_BUCKETS: readonly number[] = [
  0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10,
]

/** Seconds, the unit of both systems. */
export function seconds(milliseconds: number): number {
  return milliseconds / 1000
}
