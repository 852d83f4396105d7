/** What every GLIDE client of the bench is given. */
export const GLIDE_LIMITS = {
  /** Above the callers of every suite, two requests each: GLIDE refuses what exceeds it. */
  inflightRequestsLimit: 4_096,
  /** Milliseconds, long enough for a loaded machine; GLIDE's own 250 would end a round early. */
  requestTimeout: 5_000,
} as const
