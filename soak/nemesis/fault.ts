import type { Random } from '../random.js'

/** Undoes a fault. */
export type Heal = () => Promise<void>

/** What a fault may use of the run besides the servers. */
export interface Scene {
  readonly random: Random
  /**
   * Sanctions a loss: from now on the labels of all sessions so far may be gone. Runs `accept`, which tells the nodes so,
   * and then lets them go on with new sessions.
   */
  readonly forget: (accept: () => Promise<void>) => Promise<void>
  /** Replaces a worker by a new process, which has seen nothing yet. */
  readonly replaceWorker: () => Promise<void>
}

/**
 * Something that happens to servers, disks, network or access.
 *
 * `data` faults take a holder of labels away or change what it holds. Only one of them at a time: the settings under test
 * (one disk, or one replica besides the primary) promise to survive one. `access` faults lie between the nodes and the
 * servers; any number may come on top.
 */
export interface Fault {
  readonly name: string
  readonly kind: 'data' | 'access'
  /** How long it lasts at the least and at the most, in milliseconds. */
  readonly lasts: readonly [min: number, max: number]
  strike(scene: Scene): Promise<Heal>
}
