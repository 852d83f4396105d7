import { InvalidArgument } from '../invalid-argument.js'
import { readRateLimitKey } from './rate-limit-key.js'
import { MAX_I64, readBigInt, readSeconds } from './unsigned.js'

/** What an increment asks for, once it is known to be sound. */
export interface IncrementArguments {
  readonly key: string
  readonly amount: bigint
  readonly windowSecs: number
}

/** Reads the arguments of an increment, in their order. Never throws. */
export function readIncrement(
  key: unknown,
  amount: unknown,
  windowSecs: unknown,
): IncrementArguments | InvalidArgument {
  const name = readRateLimitKey(key)
  if (name instanceof InvalidArgument) return name
  const added = readBigInt(amount, 'amount', 1n, MAX_I64)
  if (added instanceof InvalidArgument) return added
  const seconds = readSeconds(windowSecs, 'windowSecs')
  if (seconds instanceof InvalidArgument) return seconds
  return { key: name, amount: added, windowSecs: seconds }
}
