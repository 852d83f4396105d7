/** Buckets per doubling; a bucket is at most 1/32 (3 %) wide. */
const SUB_BUCKETS = 32
const SUB_BUCKET_BITS = 5

/** Covers 0 to 2^31 ticks of 100 ns, which is three and a half minutes. */
const BUCKETS = SUB_BUCKETS * (32 - SUB_BUCKET_BITS)

const TICKS_PER_MILLISECOND = 10_000
const MICROSECONDS_PER_TICK = 0.1

/**
 * Latencies in log-linear buckets. Recording costs a few nanoseconds and allocates nothing, so that the histogram
 * does not show up in what it measures (`perf_hooks`' own crosses into C++ for every value).
 */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS)
  #total = 0

  /** @param milliseconds - A difference of two `performance.now()`. */
  record(milliseconds: number): void {
    const ticks = (milliseconds * TICKS_PER_MILLISECOND) | 0
    const shift = Math.max(0, 32 - SUB_BUCKET_BITS - 1 - Math.clz32(ticks | 1))
    const bucket = shift * SUB_BUCKETS + (ticks >>> shift)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#total += 1
  }

  get count(): number {
    return this.#total
  }

  /**
   * @param fraction - 0.5 for the median, 0.999 for the 99.9th percentile.
   * @returns Microseconds: the lower bound of the bucket that holds the value; NaN when nothing was recorded.
   */
  percentile(fraction: number): number {
    const rank = Math.max(1, Math.ceil(this.#total * fraction))
    let seen = 0
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count
      if (seen >= rank) return lowerBound(bucket) * MICROSECONDS_PER_TICK
    }
    return Number.NaN
  }

  /** Forgets everything, so that a warm-up is not counted. */
  reset(): void {
    this.#counts.fill(0)
    this.#total = 0
  }
}

function lowerBound(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1
  return (bucket - shift * SUB_BUCKETS) * 2 ** shift
}
