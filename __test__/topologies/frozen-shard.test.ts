// One silent node of a cluster, and the operations of the others.

import { setImmediate as nextTurn } from 'node:timers/promises'

import { type LoadResult, openSessionStore } from 'indelible'
import { afterEach, expect, test } from 'vitest'

import { Parts } from '../support/topologies/parts.js'
import { until } from '../support/topologies/until.js'
import { ValkeyCluster, sessionInSlot } from '../support/topologies/valkey-cluster.js'

/** A cluster has to come up. */
const LIMIT_MS = 90_000
/** Longer than the test takes: whatever waits for the silent node is still waiting at the end. */
const COMMAND_TIMEOUT_MS = 20_000
const MAX_IN_FLIGHT = 64
/** What one node may hold up of it. */
const BOUND_OF_A_NODE = MAX_IN_FLIGHT / 2
/** Calls beyond that. */
const BEYOND = 20

const parts = new Parts()
afterEach(() => parts[Symbol.asyncDispose]())

test(
  'what waits for a silent node takes neither room nor connections from the others',
  async () => {
    const cluster = parts.add(await ValkeyCluster.start({ primaries: 3, replicas: 0, nodeTimeoutMs: 60_000 }))
    const store = parts.add(
      await openSessionStore({
        kind: 'valkey',
        topology: 'cluster',
        endpoints: cluster.endpoints,
        durability: 'bestEffort',
        commandTimeoutMs: COMMAND_TIMEOUT_MS,
        maxInFlight: MAX_IN_FLIGHT,
      }),
    )
    const [silent = '', ...others] = [0, 6_000, 12_000].map(sessionInSlot)
    for (const session of [silent, ...others]) {
      expect(await store.appendLabels(session, ['BEFORE'])).toEqual({ ok: true })
    }
    const frozen = (await cluster.primaryOf(0)).peer.server
    frozen.freeze()

    const ends: LoadResult[] = []
    const calls: Promise<unknown>[] = []
    for (let n = 0; n < BOUND_OF_A_NODE + BEYOND; n++) {
      calls.push(store.loadLabels(silent).then((end) => ends.push(end)))
      // Each in a frame of its own: a frame is refused as a whole.
      await nextTurn()
    }
    await until('those beyond the bound to be refused', async () => ends.length >= BEYOND)
    for (let round = 0; round < 50; round++) {
      const loads = await Promise.all(others.map((session) => store.loadLabels(session)))
      expect(loads).toEqual(others.map(() => expect.objectContaining({ ok: true })))
      const appends = await Promise.all(others.map((session) => store.appendLabels(session, [`${round}`])))
      expect(appends).toEqual(others.map(() => ({ ok: true })))
    }
    const refused = { ok: false, error: expect.objectContaining({ code: 'ERR_STORE_OVERLOADED' }) }
    expect(ends).toEqual(Array.from({ length: BEYOND }, () => refused))

    frozen.thaw()
    await Promise.all(calls)
    expect(ends.filter(({ ok }) => ok)).toHaveLength(BOUND_OF_A_NODE)
  },
  LIMIT_MS,
)
