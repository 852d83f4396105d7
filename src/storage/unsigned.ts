import { InvalidArgument, kindOf } from '../invalid-argument.js'

/** The greatest 64-bit unsigned integer: nanoseconds since 1970 as the record keeps them. */
export const MAX_U64: bigint = 2n ** 64n - 1n
/** The greatest 64-bit signed integer: where a counter of the server saturates. */
export const MAX_I64: bigint = 2n ** 63n - 1n
/** The longest life of a key, in seconds: 68 years. */
export const MAX_TTL_SECS: number = 2 ** 31

/** `value` as a bigint from `min` to `max`; a safe integer is taken as well. Never throws. */
export function readBigInt(
  value: unknown,
  field: string,
  min: bigint,
  max: bigint,
): bigint | InvalidArgument {
  const whole = typeof value === 'bigint' || Number.isSafeInteger(value)
  if (!whole) {
    return new InvalidArgument(`${field}: expected a bigint or a safe integer, found ${kindOf(value)}`)
  }
  const integer = BigInt(value as bigint | number)
  if (integer >= min && integer <= max) return integer
  return new InvalidArgument(`${field}: out of range; pass ${min} to ${max}`)
}

/** `value` as a whole number of seconds from 1 to {@link MAX_TTL_SECS}. Never throws. */
export function readSeconds(value: unknown, field: string): number | InvalidArgument {
  if (typeof value !== 'number') {
    return new InvalidArgument(`${field}: expected a number of seconds, found ${kindOf(value)}`)
  }
  if (Number.isInteger(value) && value >= 1 && value <= MAX_TTL_SECS) return value
  return new InvalidArgument(`${field}: out of range; pass a whole number of seconds, 1 to ${MAX_TTL_SECS}`)
}
