/** What a relay under test is started with, as JSON in its only argument. */
export interface RelaySpec {
  /** `bare`: node:http and nothing else. `gateway`: ours, with Valkey and Cedar. */
  readonly kind: 'bare' | 'gateway'
  /** URL of the MCP server behind it. */
  readonly upstream: string
  /** `redis://` URL of the label store. */
  readonly store: string
}

/** What a relay tells its parent: first where it listens, then its use of the processor, whenever it is asked. */
export type RelayMessage = { readonly address: string } | RelayUse

export interface RelayUse {
  /** CPU time of the process so far, in microseconds. */
  readonly cpuMicros: number
  /** Busy time of its event loop so far, in milliseconds. */
  readonly activeMs: number
  readonly megabytes: number
}

/** The bearer token of the one principal. */
export const TOKEN = 'bench-token-of-alice'

/** The methods that are measured. Both go to the upstream `crm`. */
export const METHODS = {
  /** Loads and appends labels, and asks Cedar. */
  call: 'tools/call',
  /** Passes through: nothing in it concerns labels. */
  pass: 'tools/list',
} as const

export type Traffic = keyof typeof METHODS
