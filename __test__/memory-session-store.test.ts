import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

import { MemorySessionStore } from 'indelible'
import { sessionStoreContract } from 'indelible/testing'
import { describe, expect, test } from 'vitest'

describe('the memory store keeps the contract', () => {
  sessionStoreContract({ test, open: () => new MemorySessionStore() })
})

test('two memory stores share nothing', async () => {
  const session = randomUUID()
  const [one, other] = [new MemorySessionStore(), new MemorySessionStore()]
  expect(await one.appendLabels(session, ['pii'])).toEqual({ ok: true })
  const result = await other.loadLabels(session)
  expect(result.ok && [...result.labels]).toEqual([])
})

test('operations that reach the labels are published, without session or label', async () => {
  const events: unknown[] = []
  const record = (event: unknown): void => void events.push(event)
  const session = randomUUID()
  const store = new MemorySessionStore()
  subscribe('indelible:operation', record)
  try {
    await store.appendLabels(session, ['pii'])
    await store.appendLabels(session, [])
    await store.loadLabels(session)
    await store.loadLabels('')
  } finally {
    unsubscribe('indelible:operation', record)
  }
  const shared = { name: 'session_store_operation', kind: 'memory', ok: true, attempts: 1, elapsedMs: 0 }
  expect(events).toEqual([
    { ...shared, op: 'append' },
    { ...shared, op: 'load' },
  ])
})
