import { errors } from 'undici'
import type { UpstreamFailure } from './response-check.js'

/** Which failure an error of the HTTP client is. */
export function failureOf(error: Error): UpstreamFailure {
  const timeout = error instanceof errors.HeadersTimeoutError || error instanceof errors.ConnectTimeoutError
  return timeout ? 'timeout' : 'unreachable'
}
