import { ConfigError } from '../config-error.js'
import { kindOf } from '../invalid-argument.js'
import type { RateLimitDecision } from './rate-limit-decision.js'

/** What the fields say about the limit itself. */
export interface RateLimitPolicyField {
  /** The policy's name: printable ASCII. */
  readonly name: string
  /** Length of the window in seconds. */
  readonly windowSecs: number
}

/** What a string of structured fields (RFC 9651) may hold. */
const PRINTABLE = /^[ -~]+$/

/** Structured fields know integers of at most 15 digits. */
const MAX_INTEGER = 999_999_999_999_999

/**
 * The fields `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10, and `Retry-After` in
 * seconds where a hit was refused because of the limit. Times are rounded up: a client that waits that long is let in.
 */
export function rateLimitHeaders(
  decision: RateLimitDecision,
  { name, windowSecs }: RateLimitPolicyField,
): Record<string, string> {
  const item = `"${requirePolicyName(name, 'name').replaceAll(/["\\]/g, String.raw`\$&`)}"`
  const headers: Record<string, string> = {
    'RateLimit-Policy': `${item};q=${integer(decision.limit)};w=${windowSecs}`,
  }
  if (decision.reason === 'store-failed') return headers
  const seconds = Math.ceil(decision.resetMs / 1000)
  headers['RateLimit'] = `${item};r=${integer(decision.remaining)};t=${seconds}`
  if (!decision.allowed) headers['Retry-After'] = String(Math.max(1, Math.ceil(decision.retryAfterMs / 1000)))
  return headers
}

/**
 * `name` as the name of a policy.
 *
 * @throws {ConfigError} for what no structured field can hold.
 */
export function requirePolicyName(name: unknown, path: string): string {
  if (typeof name === 'string' && PRINTABLE.test(name)) return name
  throw new ConfigError('ERR_CONFIG_INVALID', path, `expected printable ASCII text, found ${kindOf(name)}`)
}

function integer(value: number): number {
  return Math.min(value, MAX_INTEGER)
}
