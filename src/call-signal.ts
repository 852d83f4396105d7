import { InvalidArgument, kindOf } from './invalid-argument.js'

/**
 * The abort signal in the options of a call: `undefined` when there is none. Never throws, whatever the caller
 * passed in place of options.
 */
export function readSignal(options: unknown): AbortSignal | InvalidArgument | undefined {
  if (options === undefined) return undefined
  if (typeof options !== 'object' || options === null) {
    return new InvalidArgument(`options: expected an object, found ${kindOf(options)}`)
  }
  try {
    const signal = (options as { readonly signal?: unknown }).signal
    if (signal === undefined) return undefined
    // Reading the flag here makes a forged signal throw inside this block.
    if (signal instanceof AbortSignal && typeof signal.aborted === 'boolean') return signal
    return new InvalidArgument(`options.signal: expected an AbortSignal, found ${kindOf(signal)}`)
  } catch (cause) {
    return new InvalidArgument('options: reading the signal threw; pass a plain object', cause)
  }
}
