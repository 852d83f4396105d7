// What the storage driver publishes of its operations: under a name of its own, without an id, a key or a value.

import { expect, test } from 'vitest'

import { ownServer } from '../support/servers.js'
import { Recording } from '../valkey/support/recording.js'
import { failureOf, freshId, freshKey, openBackend, valueOf } from './support/storage.js'

const server = ownServer()

test('every operation is published when it has ended', async () => {
  using operations = new Recording('indelible:operation')
  const backend = await openBackend(server())
  const [sessionId, key] = [freshId(), freshKey()]
  valueOf(await backend.sessions().save({ sessionId, agentId: freshId(), startedAtNs: 1n }))
  valueOf(await backend.sessions().load(sessionId))
  valueOf(await backend.rateLimiter().increment(key, 1n, 60))
  const shared = { name: 'storage_operation', kind: 'redis', ok: true, attempts: 1 }
  expect(operations.events).toEqual(
    ['save-session', 'load-session', 'increment'].map((op) => ({
      ...shared,
      op,
      elapsedMs: expect.any(Number),
    })),
  )
  const published = JSON.stringify(operations.events)
  for (const secret of [sessionId, key]) expect(published).not.toContain(secret)
})

test('a failure is published with its code and reason', async () => {
  using operations = new Recording('indelible:operation')
  const backend = await openBackend({ url: 'redis://127.0.0.1:1' })
  const { code, reason, attempts } = failureOf(await backend.rateLimiter().current(freshKey()))
  expect(operations.events).toEqual([
    {
      name: 'storage_operation',
      kind: 'redis',
      op: 'current',
      ok: false,
      code,
      reason,
      attempts,
      elapsedMs: expect.any(Number),
    },
  ])
  expect([code, reason, attempts]).toEqual(['ERR_STORE_UNAVAILABLE', 'refused', 2])
})
