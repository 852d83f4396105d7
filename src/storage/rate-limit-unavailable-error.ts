import type { StoreError } from '../store-error.js'

/**
 * What the adapters give a web framework when a hit could not be counted: an error whose status is 503, or 400 where
 * the key that the request led to is none. Both Express and Fastify answer with that status by themselves.
 */
export class RateLimitUnavailableError extends Error {
  readonly code = 'ERR_RATE_LIMIT_UNAVAILABLE'
  readonly status: 400 | 503
  readonly statusCode: 400 | 503
  /** Whether the message may be shown to the client. */
  readonly expose = false
  override readonly cause: StoreError

  constructor(cause: StoreError) {
    const asked = cause.code !== 'ERR_STORE_INVALID_ARGUMENT'
    super(
      asked ? 'the rate limit cannot be checked at the moment' : 'the request gives no usable rate limit key',
      {
        cause,
      },
    )
    this.cause = cause
    this.status = asked ? 503 : 400
    this.statusCode = this.status
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'RateLimitUnavailableError' })
  }
}
