import type { Host } from '../../__test__/support/topologies/network.js'
import type { TestServer } from '../../scripts/test-server.mjs'
import type { Fault } from '../nemesis/fault.js'
import type { RawRoute } from '../worker/assignment.js'

/** The topologies that can be soaked. */
export const TOPOLOGIES = ['standalone', 'sentinel', 'cluster'] as const
export type TopologyName = (typeof TOPOLOGIES)[number]

/** Hosts that nodes run on. */
export const HOSTS = 3
/** Far longer than any run, in seconds. */
export const TTL_SECONDS = 86_400
/**
 * Not from the configuration file: a password that is rotated while memory is full has all settings written there.
 */
export const DATA_SETTINGS = { maxmemory: 0 } as const
/** The settings that most servers have, for the control. */
export const WITHOUT_FENCE = { 'min-replicas-to-write': 0 } as const

/** Servers, the hosts that the nodes run on, and what may befall them. */
export interface Site extends AsyncDisposable {
  /** Hosts of the nodes. */
  readonly hosts: readonly Host[]
  /** Configuration of a node's store, without what differs between nodes. */
  readonly storeConfig: Readonly<Record<string, unknown>>
  /** How a plain client gets there. */
  readonly route: RawRoute
  readonly faults: readonly Fault[]
  /** What a plain client must lose labels by, in every run. */
  readonly controlFaults: readonly Fault[]
  /** A label that was seen must stay, even if nobody was promised it. */
  readonly keepsWhatWasSeen: boolean
  /** How long a store may be out after the last fault has been undone, in milliseconds. */
  readonly recoveryMs: number
  /** Those that serve at the moment. */
  primaries(): Promise<readonly TestServer[]>
  /** Resolves when the servers have got over what happened to them. */
  settled(): Promise<void>
}
