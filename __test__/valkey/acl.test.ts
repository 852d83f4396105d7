// The access rules of docs/compatibility.md: enough for everything that a store does, and not a command too many.

import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type SessionStore, type StoreError } from 'indelible'
import { sessionStoreContract } from 'indelible/testing'
import { describe, expect, test } from 'vitest'

import { type TestServer, startServer } from '../../scripts/test-server.mjs'
import { type RespClient, connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { Recording } from './support/recording.js'
import { failureInTime, failureOf, keyOf, labelsOf, openStore, recovered } from './support/store.js'

const server = ownServer()

const PASSWORD = 'hunter2-canary'
const HASH = `#${createHash('sha256').update(PASSWORD).digest('hex')}`
const BASE = ['on', HASH, 'resetkeys', 'resetchannels', '-@all', '~taint:v1:*']
const COMMANDS = ['+smembers', '+sadd', '+expire', '+multi', '+exec', '+info', '+client|setname']
const GENERATION = '(+getex +set ~taint:v1:generation)'
const READ_GENERATION = '(+getex ~taint:v1:generation)'

/** A new user who may do what the rules say, and a store that logs in as that user. */
async function openAs(
  admin: RespClient,
  rules: readonly string[],
  settings: Readonly<Record<string, unknown>> = {},
  on: TestServer = server(),
): Promise<SessionStore> {
  const username = `u-${randomUUID()}`
  await admin.send('ACL', 'SETUSER', username, ...BASE, ...rules)
  return openStore(on, { username, password: PASSWORD, ...settings })
}

const without = (...left: readonly string[]): string[] => COMMANDS.filter((rule) => !left.includes(rule))

describe('the documented rules carry the contract', () => {
  test.each([
    ['with a TTL', [...COMMANDS, GENERATION], { ttlSeconds: 600 }],
    ['without a TTL', [...without('+expire'), GENERATION], {}],
    [
      'with the generation that an operator made',
      [...COMMANDS, READ_GENERATION],
      { generation: 'require', ttlSeconds: 600 },
    ],
    ['without a generation', COMMANDS, { generation: 'off' }],
    ['without a generation, with a TTL', COMMANDS, { generation: 'off', ttlSeconds: 600 }],
    ['in another database', [...COMMANDS, '+select', GENERATION], { database: 2, ttlSeconds: 600 }],
  ] as const)('%s', async (_, rules, settings) => {
    await using admin = await connect(server().port)
    await admin.send('SET', 'taint:v1:generation', `v1 ${'0'.repeat(32)} sha256 600`, 'NX')
    await admin.send('ACL', 'LOG', 'RESET')
    const clauses: (readonly [string, () => Promise<void>])[] = []
    const stores: SessionStore[] = []
    sessionStoreContract({
      test: (name, run) => clauses.push([name, run]),
      open: async () => {
        const store = await openAs(admin, rules, settings)
        stores.push(store)
        return store
      },
    })
    for (const [name, run] of clauses) {
      await run().catch((cause: unknown) => expect.fail(`${name}: ${String(cause)}`))
    }
    expect(stores).toHaveLength(clauses.length)
    // What was refused all the same is a courtesy: a name that servers older than Redis 7.2 do not even know.
    const refused = ((await admin.send('ACL', 'LOG')) as unknown[][]).map(
      (entry) => entry[entry.indexOf('object') + 1],
    )
    expect(refused.filter((command) => command !== 'client|setinfo')).toEqual([])
  })
})

const DENIED = { code: 'ERR_STORE_ACCESS', reason: 'permission', serverCode: 'NOPERM', retryable: false }

/** Both operations of a store whose user lacks one command, on a keyspace that has a generation. */
async function outcomesWithout(
  left: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<{ readonly load: unknown; readonly append: unknown; readonly stored: unknown }> {
  await using own = await startServer()
  await using admin = await connect(own.port)
  await using writer = await openStore(own, settings)
  const session = randomUUID()
  expect(await writer.appendLabels(session, ['PII'])).toEqual({ ok: true })
  const rules = [...without(left), left === '+getex' ? '(+set ~taint:v1:generation)' : GENERATION]
  await using store = await openAs(admin, rules, settings, own)
  const [load, append] = [await store.loadLabels(session), await store.appendLabels(session, ['NEW'])]
  return {
    load: load.ok ? labelsOf(load) : load.error,
    append: append.ok ? 'ok' : append.error,
    stored: await admin.send('SMEMBERS', keyOf(session)),
  }
}

describe('a user without one of the commands is refused what needs it, and nothing is written by half', () => {
  test('+smembers: loads fail', async () => {
    const { load, append } = await outcomesWithout('+smembers', { ttlSeconds: 600 })
    expect(load).toMatchObject(DENIED)
    expect(append).toBe('ok')
  })

  test('+sadd: appends fail', async () => {
    const { load, append, stored } = await outcomesWithout('+sadd', { ttlSeconds: 600 })
    expect(load).toEqual(['PII'])
    expect(append).toMatchObject({ ...DENIED, indeterminate: false })
    expect(stored).toEqual(['PII'])
  })

  test('+expire: the labels that were read are returned with an alarm, appends fail', async () => {
    using alarms = new Recording('indelible:alarm')
    const { load, append, stored } = await outcomesWithout('+expire', { ttlSeconds: 600 })
    expect(load).toEqual(['PII'])
    expect(alarms.named('session_store_ttl_refresh_failed')).toEqual([
      { name: 'session_store_ttl_refresh_failed', kind: 'valkey', serverCode: 'NOPERM', count: 1 },
    ])
    expect(append).toMatchObject({ ...DENIED, indeterminate: false })
    expect(stored).toEqual(['PII'])
  })

  test.each([{ generation: 'off' }, { generation: 'off', ttlSeconds: 600 }])(
    '+expire, where it is the proof: loads fail, with %j',
    async (settings) => {
      using alarms = new Recording('indelible:alarm')
      const { load } = await outcomesWithout('+expire', settings)
      expect(load).toMatchObject(DENIED)
      expect(alarms.named('session_store_ttl_refresh_failed')).toEqual([])
    },
  )

  test('+getex: both fail', async () => {
    const { load, append, stored } = await outcomesWithout('+getex', {})
    expect(load).toMatchObject(DENIED)
    expect(append).toMatchObject(DENIED)
    expect(stored).toEqual(['PII'])
  })

  test.each(['+multi', '+exec'])(
    '%s: both fail, and no label gets in outside a transaction',
    async (left) => {
      for (const settings of [{}, { ttlSeconds: 600 }, { generation: 'off' }]) {
        const { load, append, stored } = await outcomesWithout(left, settings)
        expect(load).toMatchObject(DENIED)
        expect(append).toMatchObject(DENIED)
        expect(stored).toEqual(['PII'])
      }
    },
  )

  test.each(['+info', '+client|setname'])('%s: both work', async (left) => {
    expect(await outcomesWithout(left, { ttlSeconds: 600 })).toMatchObject({ load: ['PII'], append: 'ok' })
  })

  test('+set: a keyspace that has no generation yet cannot be used', async () => {
    await using own = await startServer()
    await using admin = await connect(own.port)
    await using store = await openAs(admin, [...COMMANDS, READ_GENERATION], {}, own)
    expect(failureOf(await store.appendLabels(randomUUID(), ['PII']))).toMatchObject(DENIED)
    expect(await admin.send('KEYS', '*')).toEqual([])
  })

  test('keys of another prefix are out of reach', async () => {
    await using admin = await connect(server().port)
    await using store = await openAs(admin, [...COMMANDS, GENERATION], { keyPrefix: 'other' })
    expect(failureOf(await store.loadLabels(randomUUID()))).toMatchObject(DENIED)
  })

  test('rights that are taken away under an open connection count at once, and come back as fast', async () => {
    await using admin = await connect(server().port)
    const username = `u-${randomUUID()}`
    await admin.send('ACL', 'SETUSER', username, ...BASE, ...COMMANDS)
    await using store = await openStore(server(), { username, password: PASSWORD, generation: 'off' })
    const session = randomUUID()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
    await admin.send('ACL', 'SETUSER', username, '-multi')
    // MULTI is refused and SADD is not: what the server then ran outside a transaction is no success.
    const append = failureOf(await store.appendLabels(session, ['NEW']))
    expect(append).toMatchObject({ ...DENIED, indeterminate: true })
    await admin.send('ACL', 'SETUSER', username, '+multi')
    expect(await recovered(store, session)).toContain('PII')
  })
})

/** Nothing of an error may show the password. */
function shown(error: StoreError): string {
  return `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`
}

describe('credentials that the server rejects', () => {
  const rejected = { code: 'ERR_STORE_ACCESS', reason: 'auth', indeterminate: false, retryable: false }

  test.each([
    ['a wrong password', { username: 'somebody', password: `${PASSWORD}-wrong` }, 'WRONGPASS'],
    ['an unknown user', { username: 'nobody', password: PASSWORD }, 'WRONGPASS'],
    ['a wrong password of the default user', { password: `${PASSWORD}-wrong` }, 'WRONGPASS'],
    ['none where one is needed', {}, 'NOAUTH'],
  ])('%s', async (_, login, serverCode) => {
    await using own = await startServer({ args: ['--requirepass', PASSWORD] })
    await using admin = await connect(own.port)
    await admin.send('AUTH', PASSWORD)
    await admin.send('ACL', 'SETUSER', 'somebody', ...BASE, ...COMMANDS, GENERATION)
    await using store = await openStore(own, login)
    const load = await failureInTime(store.loadLabels(randomUUID()))
    expect(load).toMatchObject({ ...rejected, serverCode, operation: 'load' })
    const append = await failureInTime(store.appendLabels(randomUUID(), ['PII']))
    expect(append).toMatchObject({ ...rejected, serverCode, operation: 'append' })
    expect(shown(load) + shown(append)).not.toContain(PASSWORD)
    expect(await admin.send('KEYS', '*')).toEqual([])
  })

  test.each([
    ['a password alone is the default user’s', (url: string) => [url, { password: PASSWORD }] as const],
    ['as part of the URL', (url: string) => [url.replace('//', `//:${PASSWORD}@`), {}] as const],
    ['with a name in the URL', (url: string) => [url.replace('//', `//default:${PASSWORD}@`), {}] as const],
  ])('%s', async (_, login) => {
    await using own = await startServer({ args: ['--requirepass', PASSWORD] })
    const [url, settings] = login(own.url)
    await using store = await openStore({ url }, settings)
    expect(await store.appendLabels(randomUUID(), ['PII'])).toEqual({ ok: true })
  })

  test('a user who is deleted under an open connection is nobody any longer', async () => {
    await using admin = await connect(server().port)
    const username = `u-${randomUUID()}`
    await admin.send('ACL', 'SETUSER', username, ...BASE, ...COMMANDS, GENERATION)
    await using store = await openStore(server(), { username, password: PASSWORD, ttlSeconds: 600 })
    labelsOf(await store.loadLabels(randomUUID()))
    await admin.send('ACL', 'DELUSER', username)
    expect(await failureInTime(store.loadLabels(randomUUID()))).toMatchObject(rejected)
  })

  test('a password file is read anew for every connection', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-password-'))
    try {
      const passwordFile = join(folder, 'password')
      await writeFile(passwordFile, `${PASSWORD}\n`)
      await using admin = await connect(server().port)
      const username = `u-${randomUUID()}`
      await admin.send('ACL', 'SETUSER', username, ...BASE, ...COMMANDS, GENERATION)
      await using store = await openStore(server(), { username, passwordFile, ttlSeconds: 600 })
      const session = randomUUID()
      expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })

      await admin.send('ACL', 'SETUSER', username, 'resetpass', '>rotated')
      await admin.send('CLIENT', 'KILL', 'USER', username)
      expect(await failureInTime(store.loadLabels(session))).toMatchObject(rejected)
      await writeFile(passwordFile, 'rotated')
      expect(await recovered(store, session)).toEqual(['PII'])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
