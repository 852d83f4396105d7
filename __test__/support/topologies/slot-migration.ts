// Slots on their way from one primary to another, as an operator's tool moves them: step by step, under load.

import type { RespClient, RespValue } from '../resp.js'
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

/** Keys that are asked for at a time. */
const KEYS_AT_ONCE = 100
/** How long one MIGRATE may take, in milliseconds. */
const MIGRATE_LIMIT_MS = 5_000

/** Moves `slots`. May be called again after it failed at any step. */
export async function moveSlots({ from, to, others }: Move, slots: readonly number[]): Promise<void> {
  await using source = await from.peer.admin()
  await using target = await to.peer.admin()
  const setAll = async (client: RespClient, ...state: readonly [string, string]): Promise<void> => {
    await Promise.all(
      slots.map((slot) => client.send('CLUSTER', 'SETSLOT', String(slot), ...state).catch(unlessMoved)),
    )
  }
  await setAll(target, 'IMPORTING', from.id)
  await setAll(source, 'MIGRATING', to.id)
  const counts = await Promise.all(
    slots.map((slot) => source.send('CLUSTER', 'COUNTKEYSINSLOT', String(slot))),
  )
  for (const [n, slot] of slots.entries()) if (counts[n] !== 0) await moveKeys(source, to.peer, slot)
  // The target first: until it owns the slot, whoever the source sends there needs ASKING.
  await setAll(target, 'NODE', to.id)
  await setAll(source, 'NODE', to.id)
  for (const peer of others) {
    await using other = await peer.admin()
    await setAll(other, 'NODE', to.id)
  }
}

async function moveKeys(source: RespClient, to: Peer, slot: number): Promise<void> {
  for (;;) {
    const keys = await source.send('CLUSTER', 'GETKEYSINSLOT', String(slot), String(KEYS_AT_ONCE))
    if (!Array.isArray(keys) || keys.length === 0) return
    const address = ['127.0.0.1', String(to.port), '', '0', String(MIGRATE_LIMIT_MS)]
    await source.send('MIGRATE', ...address, 'KEYS', ...keys.map(String))
  }
}

/** A slot that has moved already is refused by its new owner or by its old one: nothing is left to be done there. */
function unlessMoved(error: unknown): RespValue {
  if (error instanceof Error && /already the owner|not the owner/.test(error.message)) return null
  throw error
}
