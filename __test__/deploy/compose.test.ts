// deploy/ as an operator boots it: the compose file with its certificates, its ACL file and its settings, and the
// public contract under exactly those.

import { randomUUID } from 'node:crypto'
import { readFile, rm, stat } from 'node:fs/promises'

import { type SessionStore, openSessionStore } from 'indelible'
import { sessionStoreContract } from 'indelible/testing'
import { describe, expect, test } from 'vitest'

import { connect } from '../support/resp.js'
import { failureOf, keyOf, labelsOf, recovered } from '../valkey/support/store.js'
import { Deployment } from './support/deployment.js'
import { ownImage } from './support/image-hooks.js'

let deployment: Deployment
ownImage(async (image) => (deployment = await Deployment.start(image)))

/** A store of this deployment. */
async function openDeployed(changes: Readonly<Record<string, unknown>> = {}): Promise<SessionStore> {
  return openSessionStore({ ...(await deployment.block()), ...changes })
}

test('nothing is answered before the operator has made the generation', async () => {
  await using store = await openDeployed()
  const lost = { code: 'ERR_STORE_KEYSPACE_LOST', reason: 'missing' }
  expect(failureOf(await store.loadLabels(randomUUID()))).toMatchObject(lost)
  expect(failureOf(await store.appendLabels(randomUUID(), ['PII']))).toMatchObject(lost)

  await using gateway = await deployment.connect({ user: 'indelible' })
  const forged = `v1 ${'0'.repeat(32)} sha256 86400`
  await expect(gateway.send('SET', 'taint:v1:generation', forged, 'NX')).rejects.toMatchObject({
    code: 'NOPERM',
  })
  expect(await deployment.indelible('init')).toMatchObject({ ok: true })
  expect(labelsOf(await store.loadLabels(randomUUID()))).toEqual([])
})

test('the doctor has nothing to say against it but what depends on the machine', async () => {
  const { ok, checks } = await deployment.indelible('doctor')
  expect(ok).toBe(true)
  const remarks = checks.filter((check) => (check as { status: string }).status !== 'ok')
  const names = remarks.map((check) => (check as { name: string }).name)
  // An old server, a slow disk, an addon that was built here.
  expect(names.filter((name) => !['version', 'latency', 'opening', 'native'].includes(name))).toEqual([])
})

describe('the contract, under the deployed rules', () => {
  sessionStoreContract({ test, open: () => openDeployed() })
})

test('the server passes every check that a store makes', async () => {
  await using store = await openDeployed()
  expect(labelsOf(await store.loadLabels(randomUUID()))).toEqual([])
  const { health } = store as SessionStore & { health?: () => unknown }
  expect(health?.call(store)).toMatchObject({
    state: 'connected',
    role: 'primary',
    checks: [],
    generation: 'pinned',
  })
})

test('a gateway may do nothing beyond its work', async () => {
  await using gateway = await deployment.connect({ user: 'indelible' })
  const session = keyOf(randomUUID())
  const forbidden = [
    ['DEL', session],
    ['SREM', session, 'PII'],
    ['SET', session, 'x'],
    ['SMEMBERS', 'elsewhere'],
    ['KEYS', '*'],
    ['EVAL', 'return 1', '0'],
    ['FLUSHALL'],
    ['MONITOR'],
    ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'],
    ['ACL', 'LIST'],
    ['PUBLISH', 'channel', 'x'],
  ]
  for (const command of forbidden) {
    const answer = await gateway.send(...command).catch((error: { readonly code: string }) => error.code)
    expect([...command, answer]).toEqual([...command, 'NOPERM'])
  }
})

test('who has no certificate, no password or no TLS does not get in', async () => {
  // With TLS 1.3 a server refuses after the client believes the handshake to be over: whether the alert, the reset or
  // the end of the connection is met first is a matter of timing.
  const uncertified = deployment.connect({ certificate: false, user: 'indelible' })
  await expect(uncertified).rejects.toThrow(
    /certificate required|closed the connection|connection is closed|ECONNRESET|EPIPE/,
  )
  await using stranger = await deployment.connect()
  await expect(stranger.send('PING')).rejects.toMatchObject({ code: 'NOAUTH' })
  await using plain = await connect(deployment.port)
  await expect(plain.send('PING')).rejects.toThrow('closed')

  await using noCertificate = await openDeployed({ tls: { ca: deployment.path('client', 'ca.crt') } })
  expect(failureOf(await noCertificate.loadLabels(randomUUID()))).toMatchObject({
    code: 'ERR_STORE_UNAVAILABLE',
  })
})

test('secrets are readable by their owner alone, and the signing key is not with the server or the gateway', async () => {
  const secrets = [
    ['server', 'server.key'],
    ['client', 'client.key'],
    ['client', 'password'],
    ['operator', 'password'],
    ['authority', 'ca.key'],
  ]
  for (const names of secrets) {
    const { mode } = await stat(deployment.path(...names))
    expect([...names, mode & 0o077]).toEqual([...names, 0])
  }
})

test('labels, certificates and passwords survive a killed server', async () => {
  const session = randomUUID()
  {
    await using store = await openDeployed()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  }
  const password = await readFile(deployment.path('client', 'password'), 'utf8')
  const certificate = await readFile(deployment.path('server', 'server.crt'), 'utf8')
  await deployment.kill()
  await deployment.up()
  expect(await readFile(deployment.path('client', 'password'), 'utf8')).toBe(password)
  expect(await readFile(deployment.path('server', 'server.crt'), 'utf8')).toBe(certificate)
  await using store = await openDeployed()
  expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
})

test('a password is rotated under an open store, as the runbook says', async () => {
  await using store = await openDeployed()
  const session = randomUUID()
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  const before = await readFile(deployment.path('client', 'password'), 'utf8')

  await rm(deployment.path('client', 'password'))
  await deployment.up()
  const after = await readFile(deployment.path('client', 'password'), 'utf8')
  expect(after).not.toBe(before)
  await using operator = await deployment.connect({ user: 'operator' })
  expect(await operator.send('ACL', 'LOAD')).toBe('OK')

  expect(await recovered(store, session)).toEqual(['PII'])
  await using stranger = await openDeployed({ passwordFile: undefined, password: before.trim() })
  expect(failureOf(await stranger.loadLabels(session))).toMatchObject({
    code: 'ERR_STORE_ACCESS',
    reason: 'auth',
  })
})

test('a renewed certificate is used after a restart, and the authority stays', async () => {
  const authority = await readFile(deployment.path('authority', 'ca.crt'), 'utf8')
  const before = await readFile(deployment.path('server', 'server.crt'), 'utf8')
  await using store = await openDeployed()
  const session = randomUUID()
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })

  await rm(deployment.path('server', 'server.crt'))
  await deployment.kill()
  await deployment.up()
  expect(await readFile(deployment.path('server', 'server.crt'), 'utf8')).not.toBe(before)
  expect(await readFile(deployment.path('authority', 'ca.crt'), 'utf8')).toBe(authority)
  await using renewed = await openDeployed()
  expect(labelsOf(await renewed.loadLabels(session))).toEqual(['PII'])
})
