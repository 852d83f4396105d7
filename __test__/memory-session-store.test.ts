import { randomUUID } from 'node:crypto'

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
