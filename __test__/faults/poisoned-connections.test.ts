// Connections that are not in the state that they were left in: in the middle of a transaction, watching a key, in
// another database. What is then read or written is an error, and never an empty set or an acknowledgement.

import { randomUUID } from 'node:crypto'

import { type SessionStore } from 'indelible'
import { expect, test } from 'vitest'

import { freshId, failureOf as failureOfStorage, openBackend, valueOf } from '../storage/support/storage.js'
import { type RespClient, connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { failureOf, keyOf, labelsOf, openStore, recovered } from '../valkey/support/store.js'
import { Poisoner } from './support/poisoner.js'

const server = ownServer()

/** One connection, so that it is the one that is poisoned; no second attempt, which would go over a sound one. */
const SINGLE = { connections: 1, retry: { retries: 0 } } as const
const MALFORMED = { code: 'ERR_STORE_UNDECODABLE', reason: 'protocol' }

interface Scene extends AsyncDisposable {
  readonly poisoner: Poisoner
  readonly store: SessionStore
  readonly admin: RespClient
  readonly session: string
}

/** A store that is connected, and a session that holds a label that the store itself does not know of. */
async function connected(settings: Readonly<Record<string, unknown>> = {}): Promise<Scene> {
  const poisoner = await Poisoner.open(server().port)
  const store = await openStore(poisoner, { ...SINGLE, ...settings })
  const admin = await connect(server().port)
  const session = randomUUID()
  await admin.send('SADD', keyOf(session), 'PII')
  expect(labelsOf(await store.loadLabels(randomUUID()))).toEqual([])
  const end = async (): Promise<void> => {
    await store.close()
    await admin.close()
    await poisoner[Symbol.asyncDispose]()
  }
  return { poisoner, store, admin, session, [Symbol.asyncDispose]: end }
}

test.each([{}, { ttlSeconds: 600 }, { generation: 'off' }])(
  'a transaction that was left open: neither a load nor an append is ok, with %j',
  async (settings) => {
    await using scene = await connected(settings)
    const { poisoner, store, session } = scene
    await poisoner.say('MULTI')
    expect(failureOf(await store.loadLabels(session))).toMatchObject(MALFORMED)
    expect(await recovered(store, session)).toEqual(['PII'])

    await poisoner.say('MULTI')
    const append = failureOf(await store.appendLabels(session, ['LATER']))
    expect(append).toMatchObject({ code: 'ERR_STORE_UNDECODABLE', indeterminate: true })
    expect(poisoner.connections).toBeGreaterThanOrEqual(2)
    expect(await recovered(store, session)).toContain('PII')
  },
)

test('a key that is watched: an append that the server drops is no acknowledgement', async () => {
  await using scene = await connected()
  const { poisoner, store, admin, session } = scene
  await poisoner.say('WATCH', keyOf(session))
  await admin.send('SADD', keyOf(session), 'OF-ANOTHER')
  expect(failureOf(await store.appendLabels(session, ['LATER']))).toMatchObject(MALFORMED)
  expect(await admin.send('SISMEMBER', keyOf(session), 'LATER')).toBe(0)
  expect((await recovered(store, session)).toSorted()).toEqual(['OF-ANOTHER', 'PII'])
})

test('another database: what it does not hold is not taken for a session without labels', async () => {
  await using scene = await connected()
  const { poisoner, store, session } = scene
  await poisoner.say('SELECT', '5')
  expect(failureOf(await store.loadLabels(session))).toMatchObject({
    code: 'ERR_STORE_KEYSPACE_LOST',
    reason: 'missing',
  })
  await poisoner.say('SELECT', '5')
  expect(failureOf(await store.appendLabels(session, ['LATER']))).toMatchObject({
    code: 'ERR_STORE_KEYSPACE_LOST',
    indeterminate: true,
  })
})

test('a transaction that was left open under the storage driver: no record is missing, no count is wrong', async () => {
  await using poisoner = await Poisoner.open(server().port)
  const backend = await openBackend(poisoner, { poolSize: 1, retry: { retries: 0 } })
  const [record, key] = [{ sessionId: freshId(), agentId: freshId(), startedAtNs: 1n }, randomUUID()]
  valueOf(await backend.sessions().save(record))
  const calls = [
    async () => backend.sessions().load(record.sessionId),
    async () => backend.rateLimiter().increment(key, 1n, 60),
    async () => backend.rateLimiter().current(key),
    async () => backend.policies().getPolicy(freshId()),
  ]
  for (const call of calls) {
    await poisoner.say('MULTI')
    expect(failureOfStorage(await call())).toMatchObject(MALFORMED)
    await expect
      .poll(async () => (await backend.sessions().load(record.sessionId)).ok, { timeout: 5_000 })
      .toBe(true)
  }
})
