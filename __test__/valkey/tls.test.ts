// TLS end to end: who is believed, who is not, and what the refusal says.

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsOptions } from 'node:tls'

import { ConfigError, type StoreError, openSessionStore } from 'indelible'
import { afterAll, describe, expect, test } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { ScriptedServer, reply } from '../support/scripted-server.js'
import { ownServer } from '../support/servers.js'
import { Authority } from './support/certificates.js'
import { failureInTime, labelsOf, openStore } from './support/store.js'
import { TlsFront } from './support/tls-front.js'

const server = ownServer()

const folder = mkdtempSync(join(tmpdir(), 'indelible-tls-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string, mode: number = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode })
  return path
}

const HERE = ['localhost', '127.0.0.1']
const authority = new Authority()
const otherAuthority = new Authority('an authority that nobody here trusts')
const serverIdentity = authority.vouchFor({ names: HERE })
const client = authority.vouchFor({})
const ca = file('ca.pem', authority.cert)
const otherCa = file('other-ca.pem', otherAuthority.cert)
const clientFiles = { cert: file('client.pem', client.cert), key: file('client.key', client.key) }

const WANTS_CLIENT: TlsOptions = { requestCert: true, rejectUnauthorized: true, ca: authority.cert }

/** Appends and loads through a front that accepts with `options`. */
async function works(options: TlsOptions, tls: object, host: string = '127.0.0.1'): Promise<void> {
  await using front = await TlsFront.open(server().port, { ...serverIdentity, ...options })
  await using store = await openStore({ url: `rediss://${host}:${front.port}` }, { tls })
  const session = randomUUID()
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
}

describe('a server that can be believed is used', () => {
  test.each<readonly [string, TlsOptions, object, string]>([
    ['by its address', {}, { ca }, '127.0.0.1'],
    ['by its name', {}, { ca }, 'localhost'],
    [
      'with one authority among several',
      {},
      { ca: file('both.pem', otherAuthority.cert + authority.cert) },
      'localhost',
    ],
    ['with the authority as text', {}, { ca: authority.cert }, 'localhost'],
    ['over TLS 1.2', { maxVersion: 'TLSv1.2' }, { ca }, 'localhost'],
    ['over TLS 1.3', { minVersion: 'TLSv1.3' }, { ca }, 'localhost'],
    [
      'by another name, if that is the one to expect',
      authority.vouchFor({ names: ['labels.internal'] }),
      { ca, serverName: 'labels.internal' },
      'localhost',
    ],
    ['showing our own certificate', WANTS_CLIENT, { ca, ...clientFiles }, 'localhost'],
    [
      'showing our own certificate over TLS 1.2',
      { ...WANTS_CLIENT, maxVersion: 'TLSv1.2' },
      { ca, ...clientFiles },
      'localhost',
    ],
  ])('%s', async (_, options, tls, host) => {
    await works(options, tls, host)
    expect.hasAssertions()
  })
})

/** Both operations fail as TLS does: at once, without another attempt, and with a reason for the operator. */
async function refused(url: string, tls: unknown): Promise<readonly StoreError[]> {
  await using store = await openStore({ url }, { tls })
  const load = await failureInTime(store.loadLabels(randomUUID()))
  const append = await failureInTime(store.appendLabels(randomUUID(), ['PII']))
  return [load, append]
}

const TLS = {
  code: 'ERR_STORE_UNAVAILABLE',
  reason: 'tls',
  retryable: false,
  indeterminate: false,
  attempts: 1,
}

describe('a server that cannot be believed is not spoken to, and the error says why', () => {
  test.each<readonly [string, TlsOptions, unknown, RegExp]>([
    ['another authority', {}, { ca: otherCa }, /an authority that is not trusted/],
    ['the system’s authorities only', {}, true, /an authority that is not trusted/],
    [
      'a certificate that has expired',
      authority.vouchFor({ names: HERE, expired: true }),
      { ca },
      /has expired/,
    ],
    [
      'a certificate for another name',
      authority.vouchFor({ names: ['elsewhere.invalid'] }),
      { ca },
      /for another name/,
    ],
    ['another name to expect', {}, { ca, serverName: 'elsewhere.invalid' }, /for another name/],
    ['a certificate for clients', authority.vouchFor({}), { ca }, /certificate/],
    [
      'only TLS 1.1',
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      { ca },
      /TLS/,
    ],
    ['a client certificate that is wanted and not there', WANTS_CLIENT, { ca }, /client certificate/],
    ['the same over TLS 1.2', { ...WANTS_CLIENT, maxVersion: 'TLSv1.2' }, { ca }, /client certificate/],
  ])('%s', async (_, options, tls, because) => {
    await using front = await TlsFront.open(server().port, { ...serverIdentity, ...options })
    for (const error of await refused(front.url, tls)) {
      expect(error).toMatchObject(TLS)
      expect(error.message).toMatch(because)
      expect(error.message).not.toContain(folder)
    }
  })

  test('a client certificate of another authority', async () => {
    await using front = await TlsFront.open(server().port, { ...serverIdentity, ...WANTS_CLIENT })
    const tls = { ca, ...fileNames('other-client', otherAuthority.vouchFor({})) }
    for (const error of await refused(front.url, tls)) {
      // This front hangs up without the alert that a server of its own TLS sends.
      expect(error).toMatchObject({ code: TLS.code, indeterminate: false })
    }
  })

  test('a port that speaks something else', async () => {
    // A real server waits for the rest of what it takes for a command; this one speaks at once.
    await using plain = await ScriptedServer.open(() => reply.error('ERR unknown command'))
    for (const error of await refused(`rediss://127.0.0.1:${plain.port}`, { ca })) {
      expect(error.code).toMatch(/^ERR_STORE_(?:UNAVAILABLE|TIMEOUT)$/)
    }
  })

  test('a real server’s port without TLS', async () => {
    const url = server().url.replace('redis:', 'rediss:')
    for (const error of await refused(url, { ca })) {
      expect([TLS.reason, 'connect', 'connection-lost']).toContain(error.reason)
    }
  })

  test('a TLS port that is taken for one without', async () => {
    await using front = await TlsFront.open(server().port, serverIdentity)
    for (const error of await refused(front.url.replace('rediss:', 'redis:'), false)) {
      expect(error.code).toMatch(/^ERR_STORE_(?:UNAVAILABLE|UNDECODABLE|TIMEOUT)$/)
    }
  })

  test('a handshake that stops half-way is a time-out', async () => {
    await using front = await TlsFront.open(server().port, serverIdentity)
    await using proxy = await FaultProxy.open(front.port)
    await proxy.inject({ kind: 'blackHole', direction: 'toClient' })
    for (const error of await refused(proxy.url.replace('redis:', 'rediss:'), { ca })) {
      expect(error).toMatchObject({ code: 'ERR_STORE_TIMEOUT', reason: 'connect', indeterminate: false })
    }
  })
})

function fileNames(name: string, identity: { cert: string; key: string }): { cert: string; key: string } {
  return { cert: file(`${name}.pem`, identity.cert), key: file(`${name}.key`, identity.key) }
}

describe('files that cannot be meant are configuration errors', () => {
  const keyBody = client.key.split('\n')[1] ?? ''
  test.each<readonly [string, object, string, RegExp]>([
    [
      'an authority file without a certificate',
      { ca: file('empty.pem', 'nothing in here\n') },
      'ca',
      /no certificate/,
    ],
    ['an authority file that is empty', { ca: file('empty', '') }, 'ca', /no certificate/],
    [
      'an authority that is damaged',
      { ca: file('damaged.pem', authority.cert.replace(/\n[A-Za-z0-9+/]{8}/, '\n!!!!!!!!')) },
      'ca',
      /certificate/,
    ],
    ['a file that is not there', { ca: '/nowhere/ca.pem' }, 'ca', /cannot be read/],
    [
      'a key of another certificate',
      { ca, cert: clientFiles.cert, key: file('other.key', serverIdentity.key) },
      'key',
      /does not belong/,
    ],
    ['a certificate without its key', { ca, cert: clientFiles.cert }, 'key', /needs its key/],
    ['a key without its certificate', { ca, key: clientFiles.key }, 'cert', /needs its certificate/],
    [
      'a key that everybody may read',
      { ca, cert: clientFiles.cert, key: file('shown.key', client.key, 0o644) },
      'key',
      /chmod it to 600/,
    ],
    ['a key file that holds none', { ca, cert: clientFiles.cert, key: ca }, 'key', /no private key/],
    [
      'a certificate file that holds none',
      { ca, cert: clientFiles.key, key: clientFiles.key },
      'cert',
      /no certificate/,
    ],
    [
      'an own certificate that has expired',
      { ca, ...fileNames('expired-client', authority.vouchFor({ expired: true })) },
      'cert',
      /not valid now; renew it/,
    ],
    ['a name that no certificate carries', { ca, serverName: 'not a name' }, 'serverName', /no host name/],
  ])('%s', async (_, tls, key, because) => {
    const error: unknown = await openSessionStore({
      kind: 'valkey',
      endpoint: 'rediss://localhost',
      tls,
    }).then(
      () => expect.fail('accepted'),
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ path: `store.tls.${key}`, message: expect.stringMatching(because) })
    expect(String(error)).not.toContain(keyBody)
    expect(String(error)).not.toContain(folder)
  })
})
