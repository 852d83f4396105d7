// An outage as long as it takes: every caller hears in time, nobody storms the server, and the first success comes soon
// after (docs/compatibility.md, "defaults").

import { randomUUID } from 'node:crypto'

import { ValkeySessionStore } from 'indelible'
import { expect, test } from 'vitest'

import { type Fault, FaultProxy } from '../support/fault-proxy.js'
import { ownServer } from '../support/servers.js'
import { failureInTime, recovered } from '../valkey/support/store.js'

const server = ownServer()

/** How long it lasts, in milliseconds: longer than a deadline. */
const OUTAGE_MS = 2_500
const CONNECTIONS = 2

/** Has `callers` ask in a loop while the outage lasts; answers the labels of the first load that works again. */
async function outlive(fault: Fault, callers: number): Promise<string[]> {
  await using proxy = await FaultProxy.open(server().port)
  const config = { kind: 'valkey', endpoint: proxy.url, connections: CONNECTIONS }
  await using store = await ValkeySessionStore.open(config)
  const session = randomUUID()
  expect(await store.appendLabels(session, ['BEFORE'])).toEqual({ ok: true })
  const before = proxy.connections
  const start = performance.now()
  await proxy.inject(fault)

  const call = async (): Promise<void> => {
    while (performance.now() - start < OUTAGE_MS) {
      const { code } = await failureInTime(store.loadLabels(session))
      expect(code).toMatch(/^ERR_STORE_(?:UNAVAILABLE|TIMEOUT|CIRCUIT_OPEN)$/)
      // What is answered at once must not become a busy loop here.
      if (code === 'ERR_STORE_CIRCUIT_OPEN') await new Promise((resolve) => void setTimeout(resolve, 10))
    }
  }
  await Promise.all(Array.from({ length: callers }, call))
  const outageSeconds = (performance.now() - start) / 1_000
  expect(proxy.connections - before).toBeLessThanOrEqual(CONNECTIONS * (1 + outageSeconds))

  await proxy.heal()
  const labels = await recovered(store, session)
  expect(store.health()).toMatchObject({ state: 'connected', breaker: 'closed' })
  return labels
}

test.each<Fault>([
  { kind: 'refuse' },
  { kind: 'reset' },
  { kind: 'hang' },
  { kind: 'blackHole', direction: 'toServer' },
  { kind: 'blackHole', direction: 'toClient' },
])('%j: 1, 8 and 64 callers get their answers in time, and the server is left alone', async (fault) => {
  const labels = await Promise.all([1, 8, 64].map(async (callers) => outlive(fault, callers)))
  expect(labels).toEqual([['BEFORE'], ['BEFORE'], ['BEFORE']])
})
