// Credentials that a function gives: asked for each new connection, so that a rotation costs no operation
// (docs/compatibility.md, "decision codes").

import { randomUUID } from 'node:crypto'

import { type Credentials, type CredentialsProvider, type SessionStore, openSessionStore } from 'indelible'
import { expect, test } from 'vitest'

import { type RespClient, connect } from '../support/resp.js'
import { type TestServer, startServer } from '../support/servers.js'
import { Recording } from '../valkey/support/recording.js'
import { failureInTime, labelsOf, recovered } from '../valkey/support/store.js'

const NOBODY = { code: 'ERR_STORE_ACCESS', reason: 'auth' }
const REJECTED = 'session_store_credentials_rejected'

async function openAs(server: TestServer, credentials: CredentialsProvider): Promise<SessionStore> {
  return openSessionStore({ kind: 'valkey', endpoint: server.url }, { credentials })
}

async function rotate(admin: RespClient, password: string): Promise<void> {
  await admin.send('ACL', 'SETUSER', 'app', 'reset', 'on', `>${password}`, '~*', '&*', '+@all')
}

test('a rotation costs no operation', async () => {
  await using server = await startServer()
  await using admin = await connect(server.port)
  let password = 'first'
  await rotate(admin, password)
  await using store = await openAs(server, () => ({ username: 'app', password }))
  const session = randomUUID()
  for (let round = 0; round < 5; round++) {
    expect(await store.appendLabels(session, [`label-${round}`])).toEqual({ ok: true })
    password = `password-${round}`
    await rotate(admin, password)
    await admin.send('CLIENT', 'KILL', 'USER', 'app')
    expect(labelsOf(await store.loadLabels(session))).toHaveLength(round + 1)
  }
})

test('a password that is refused is asked for once more, for the one retry', async () => {
  await using server = await startServer()
  await using admin = await connect(server.port)
  await rotate(admin, 'new')
  const given: Credentials[] = []
  await using store = await openAs(server, async () => {
    const credentials = { username: 'app', password: given.length === 0 ? 'old' : 'new' }
    given.push(credentials)
    return credentials
  })
  expect(labelsOf(await store.loadLabels(randomUUID()))).toEqual([])
  expect(given.map(({ password }) => password)).toEqual(['old', 'new'])
})

test.each<readonly [string, CredentialsProvider]>([
  ['throws', () => Promise.reject(new Error('hunter2'))],
  ['throws at once', () => JSON.parse('{hunter2') as Credentials],
  ['gives nothing', () => undefined as never],
  ['gives no password', () => ({ username: 'hunter2' }) as Credentials],
  ['gives a password of another type', () => ({ password: 42 }) as never],
])('a function that %s is no login, and an alarm', async (_, provider) => {
  using alarms = new Recording('indelible:alarm')
  await using server = await startServer()
  await using store = await openAs(server, provider)
  const error = await failureInTime(store.loadLabels(randomUUID()))
  expect(error).toMatchObject(NOBODY)
  expect(alarms.named(REJECTED).length).toBeGreaterThanOrEqual(1)
  expect(JSON.stringify([error, alarms.events])).not.toContain('hunter2')
})

test('a function that never answers is a time-out, and the next one is asked anew', async () => {
  await using server = await startServer()
  await using admin = await connect(server.port)
  await rotate(admin, 'pw')
  let answers = false
  await using store = await openAs(server, async () =>
    answers ? { username: 'app', password: 'pw' } : new Promise<never>(() => undefined),
  )
  const session = randomUUID()
  expect(await failureInTime(store.loadLabels(session))).toMatchObject({
    code: 'ERR_STORE_TIMEOUT',
    reason: 'connect',
  })
  answers = true
  expect(await recovered(store, session)).toEqual([])
})
