// Slots on their way from one primary to another, as an operator's tool moves them: each step by step, under load.

import { type RespClient, RespError } from '../resp.js'
import { Parts } from './parts.js'
import type { Peer } from './peer.js'

/** One end of a migration. */
interface End {
  readonly id: string
  readonly peer: Peer
}

/** Who takes part. */
export interface Move {
  readonly from: End
  readonly to: End
  /** The other primaries, which are told at the end. */
  readonly others: readonly Peer[]
}

/**
 * Slots that are on their way at the same time, each over connections of its own: a Valkey primary has its replicas
 * confirm every SETSLOT before it obeys, and holds up the connection meanwhile.
 */
const AT_ONCE = 64
/** How often a node is asked for a step that its replicas must confirm. */
const ATTEMPTS = 15
/** Keys that are asked for at a time. */
const KEYS_AT_ONCE = 100
/** How long one MIGRATE may take, in milliseconds. */
const MIGRATE_LIMIT_MS = 5_000

/** Moves `slots`, and takes out of the set what has moved. May be called again after it failed at any step. */
export async function moveSlots(move: Move, slots: Set<number>): Promise<void> {
  // They take turns at one list.
  const queue = slots.values()
  const moving = Array.from({ length: AT_ONCE }, async () => {
    await using mover = await Mover.of(move)
    for (const slot of queue) {
      await mover.move(slot)
      slots.delete(slot)
    }
  })
  const failed = (await Promise.allSettled(moving)).find((end) => end.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** Moves one slot at a time. */
class Mover implements AsyncDisposable {
  readonly #move: Move
  readonly #source: RespClient
  readonly #target: RespClient
  readonly #others: readonly RespClient[]
  readonly #parts: Parts

  static async of(move: Move): Promise<Mover> {
    const parts = new Parts()
    try {
      const source = parts.add(await move.from.peer.admin())
      const target = parts.add(await move.to.peer.admin())
      const others: RespClient[] = []
      for (const peer of move.others) others.push(parts.add(await peer.admin()))
      return new Mover(move, source, target, others, parts)
    } catch (error) {
      await parts[Symbol.asyncDispose]()
      throw error
    }
  }

  // oxlint-disable-next-line eslint/max-params -- `of` alone makes one
  private constructor(
    move: Move,
    source: RespClient,
    target: RespClient,
    others: readonly RespClient[],
    parts: Parts,
  ) {
    this.#move = move
    this.#source = source
    this.#target = target
    this.#others = others
    this.#parts = parts
  }

  async move(slot: number): Promise<void> {
    const { from, to } = this.#move
    await set(this.#target, slot, 'IMPORTING', from.id)
    await set(this.#source, slot, 'MIGRATING', to.id)
    await this.#moveKeys(slot)
    // The target first: until it owns the slot, whoever the source sends there needs ASKING.
    await set(this.#target, slot, 'NODE', to.id)
    await set(this.#source, slot, 'NODE', to.id)
    await Promise.all(this.#others.map((other) => set(other, slot, 'NODE', to.id)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]()
  }

  async #moveKeys(slot: number): Promise<void> {
    for (;;) {
      const keys = await this.#source.send('CLUSTER', 'GETKEYSINSLOT', String(slot), String(KEYS_AT_ONCE))
      if (!Array.isArray(keys) || keys.length === 0) return
      const address = ['127.0.0.1', String(this.#move.to.peer.port), '', '0', String(MIGRATE_LIMIT_MS)]
      await this.#source.send('MIGRATE', ...address, 'KEYS', ...keys.map(String))
    }
  }
}

/** Asks again while the node's replicas are late: it gives them two seconds. */
async function set(client: RespClient, slot: number, ...state: readonly [string, string]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.send('CLUSTER', 'SETSLOT', String(slot), ...state)
      return
    } catch (error) {
      if (isOfMovedSlot(error)) return
      if (attempt === ATTEMPTS || !(error instanceof RespError) || error.code !== 'NOREPLICAS') throw error
    }
  }
}

/** A slot that has moved already is refused by its new owner or by its old one: nothing is left to be done there. */
function isOfMovedSlot(error: unknown): boolean {
  return error instanceof Error && /already the owner|not the owner/.test(error.message)
}
