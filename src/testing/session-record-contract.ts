import assert from 'node:assert/strict'

import type { SessionStore } from '../storage/session-store.js'
import { assertRefused, freshId, registerClauses, untyped, valueOf } from './storage-contract.js'
import type { StorageClause, StorageContract } from './storage-contract.js'

/**
 * Registers one test for every promise of the `SessionStore` of `indelible/storage`. Ids are random, so the suite can
 * run beside other users of a server.
 */
export function sessionRecordContract(contract: StorageContract<SessionStore>): void {
  registerClauses(contract, CLAUSES)
}

const MAX_NS = 18446744073709551615n

const CLAUSES: readonly StorageClause<SessionStore>[] = [
  {
    name: 'what was saved is loaded, to the last nanosecond',
    async run(store) {
      for (const startedAtNs of [0n, 9007199254740993n, MAX_NS]) {
        const record = { sessionId: freshId(), agentId: freshId(), startedAtNs }
        assert.equal(valueOf(await store.save(record)), undefined)
        assert.deepEqual(valueOf(await store.load(record.sessionId)), record)
      }
    },
  },
  {
    name: 'a session that was never saved is null',
    async run(store) {
      assert.equal(valueOf(await store.load(freshId())), null)
    },
  },
  {
    name: 'saving again replaces the record',
    async run(store) {
      const sessionId = freshId()
      const later = { sessionId, agentId: freshId(), startedAtNs: 2n }
      valueOf(await store.save({ sessionId, agentId: freshId(), startedAtNs: 1n }))
      valueOf(await store.save(later))
      assert.deepEqual(valueOf(await store.load(sessionId)), later)
    },
  },
  {
    name: 'a deleted session is null, and may be deleted again',
    async run(store) {
      const [sessionId, other] = [freshId(), freshId()]
      for (const id of [sessionId, other]) {
        valueOf(await store.save({ sessionId: id, agentId: freshId(), startedAtNs: 1n }))
      }
      assert.equal(valueOf(await store.delete(sessionId)), undefined)
      assert.equal(valueOf(await store.delete(sessionId)), undefined)
      assert.equal(valueOf(await store.load(sessionId)), null)
      assert.notEqual(valueOf(await store.load(other)), null)
    },
  },
  {
    name: 'an id is the same as bytes, in lower and in upper case',
    async run(store) {
      const [sessionId, agentId] = [freshId(), freshId()]
      const record = { sessionId, agentId, startedAtNs: 7n }
      const bytes = Buffer.from(sessionId, 'hex')
      valueOf(
        await store.save({ ...record, sessionId: new Uint8Array(bytes), agentId: agentId.toUpperCase() }),
      )
      for (const id of [sessionId, sessionId.toUpperCase(), bytes]) {
        assert.deepEqual(valueOf(await store.load(id)), record)
      }
      valueOf(await store.delete(bytes))
      assert.equal(valueOf(await store.load(sessionId)), null)
    },
  },
  {
    name: 'arguments that are no ids and no times are refused by name',
    async run(store) {
      const good = { sessionId: freshId(), agentId: freshId(), startedAtNs: 1n }
      for (const bad of ['', 'abc', `${freshId()}0`, `${freshId().slice(1)}g`, 5, null, new Uint8Array(15)]) {
        assertRefused(await store.load(untyped(bad)), 'load-session', /sessionId: expected/)
        assertRefused(await store.delete(untyped(bad)), 'delete-session', /sessionId: expected/)
        assertRefused(
          await store.save({ ...good, sessionId: untyped(bad) }),
          'save-session',
          /record\.sessionId: expected/,
        )
        assertRefused(
          await store.save({ ...good, agentId: untyped(bad) }),
          'save-session',
          /record\.agentId: expected/,
        )
      }
      for (const startedAtNs of [-1n, MAX_NS + 1n, 1.5, '1', undefined]) {
        assertRefused(
          await store.save({ ...good, startedAtNs: untyped(startedAtNs) }),
          'save-session',
          /record\.startedAtNs: /,
        )
      }
      assertRefused(await store.save(untyped(null)), 'save-session', /record: expected an object, found null/)
      assert.equal(valueOf(await store.load(good.sessionId)), null)
    },
  },
  {
    name: 'what a caller does to a record afterwards does not reach the store',
    async run(store) {
      const record = { sessionId: freshId(), agentId: freshId(), startedAtNs: 1n }
      const saving = store.save(record)
      const meant = { ...record }
      record.startedAtNs = 2n
      valueOf(await saving)
      Object.assign(valueOf(await store.load(meant.sessionId)) ?? {}, { startedAtNs: 3n })
      assert.deepEqual(valueOf(await store.load(meant.sessionId)), meant)
    },
  },
]
