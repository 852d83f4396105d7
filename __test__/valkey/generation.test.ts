// The generation: a keyspace that was flushed, replaced or laid out in another way is told apart from an empty one
// (docs/soundness.md, lines 9 and 17).

import { randomUUID } from 'node:crypto'

import { type SessionStore } from 'indelible'
import { describe, expect, test } from 'vitest'

import { type RespClient, connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { Recording } from './support/recording.js'
import { failureOf, keyOf, labelsOf, openStore } from './support/store.js'

const server = ownServer()

const SHAPE = /^v1 [0-9a-f]{32} sha256 (?:-|[1-9]\d*)$/

/** Each test has a keyspace, and so a generation, of its own. */
class Keyspace {
  readonly prefix = `generation:${randomUUID()}`
  readonly key = `${this.prefix}:generation`

  async open(settings: Readonly<Record<string, unknown>> = {}): Promise<SessionStore> {
    return openStore(server(), { keyPrefix: this.prefix, ...settings })
  }

  /** As FLUSHALL does it to all keyspaces at once. */
  async wipe(admin: RespClient): Promise<void> {
    const keys = (await admin.send('KEYS', `${this.prefix}:*`)) as string[]
    if (keys.length > 0) await admin.send('DEL', ...keys)
  }
}

const lost = (operation: 'load' | 'append', reason: string): object => ({
  code: 'ERR_STORE_KEYSPACE_LOST',
  reason,
  operation,
  retryable: false,
  // An append has reached the server by the time it is seen that it is another keyspace.
  indeterminate: operation === 'append',
})

test('the first store creates it, with an alarm; the next one finds it', async () => {
  using alarms = new Recording('indelible:alarm')
  await using admin = await connect(server().port)
  const keyspace = new Keyspace()
  await using first = await keyspace.open({ connections: 1 })
  expect(await admin.send('EXISTS', keyspace.key)).toBe(0) // opening dials nothing
  labelsOf(await first.loadLabels(randomUUID()))
  const value = await admin.send('GET', keyspace.key)
  expect(value).toMatch(SHAPE)
  expect(value).toMatch(/ -$/)
  expect(await admin.send('TTL', keyspace.key)).toBe(-1)
  expect(alarms.named('session_store_generation_created')).toEqual([
    { name: 'session_store_generation_created', kind: 'valkey' },
  ])

  await using second = await keyspace.open()
  expect(await second.appendLabels(randomUUID(), ['PII'])).toEqual({ ok: true })
  expect(await admin.send('GET', keyspace.key)).toBe(value)
  expect(alarms.named('session_store_generation_created')).toHaveLength(1)
  expect(alarms.named('session_store_layout_mismatch')).toEqual([])
})

test('of many stores that start at once one creates it, and one alarms', async () => {
  using alarms = new Recording('indelible:alarm')
  const keyspace = new Keyspace()
  const stores = await Promise.all(Array.from({ length: 8 }, () => keyspace.open()))
  const loads = await Promise.all(stores.map((store) => store.loadLabels(randomUUID())))
  expect(loads.map((load) => labelsOf(load))).toEqual(stores.map(() => []))
  expect(alarms.named('session_store_generation_created')).toHaveLength(1)
  await Promise.all(stores.map((store) => store.close()))
})

test('it records the TTL, and another one is an alarm, once a store', async () => {
  using alarms = new Recording('indelible:alarm')
  await using admin = await connect(server().port)
  const keyspace = new Keyspace()
  const session = randomUUID()
  await using first = await keyspace.open({ ttlSeconds: 600 })
  expect(await first.appendLabels(session, ['PII'])).toEqual({ ok: true })
  expect(await admin.send('GET', keyspace.key)).toMatch(/ 600$/)
  expect(alarms.named('session_store_layout_mismatch')).toEqual([])

  await using second = await keyspace.open({ ttlSeconds: 900 })
  for (let load = 0; load < 3; load++) expect(labelsOf(await second.loadLabels(session))).toEqual(['PII'])
  await using third = await keyspace.open()
  expect(labelsOf(await third.loadLabels(session))).toEqual(['PII'])
  expect(alarms.named('session_store_layout_mismatch')).toEqual([
    { name: 'session_store_layout_mismatch', kind: 'valkey', ttlSeconds: 900, recordedTtlSeconds: 600 },
    { name: 'session_store_layout_mismatch', kind: 'valkey', recordedTtlSeconds: 600 },
  ])
})

/** Changes the generation of a keyspace behind a store's back. */
type Change = (admin: RespClient, keyspace: Keyspace) => Promise<unknown>

const setTo =
  (value: (id: string) => string): Change =>
  async (admin, { key }) =>
    admin.send('SET', key, value(randomUUID().replaceAll('-', '')))

describe('a store that knew the keyspace fails closed when its generation is', () => {
  test.each<readonly [string, string, Change]>([
    ['gone', 'missing', async (admin, keyspace) => keyspace.wipe(admin)],
    ['another one', 'changed', setTo((id) => `v1 ${id} sha256 -`)],
    ['of another version', 'layout', setTo((id) => `v2 ${id} sha256 -`)],
    ['of another hash', 'layout', setTo((id) => `v1 ${id} sha512 -`)],
    ['without a TTL to compare', 'layout', setTo((id) => `v1 ${id} sha256`)],
    ['of no shape at all', 'layout', setTo(() => 'PII')],
    [
      'of another type',
      'layout',
      async (admin, { key }) => {
        await admin.send('DEL', key)
        await admin.send('SADD', key, 'PII')
      },
    ],
  ])('%s: %s', async (_, reason, change) => {
    using alarms = new Recording('indelible:alarm')
    await using admin = await connect(server().port)
    const keyspace = new Keyspace()
    const session = randomUUID()
    await using store = await keyspace.open()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })

    await change(admin, keyspace)
    expect(failureOf(await store.loadLabels(session))).toMatchObject(lost('load', reason))
    expect(failureOf(await store.appendLabels(session, ['SECRET']))).toMatchObject(lost('append', reason))
    // Nor does it come round by itself: this node never creates one again.
    expect(failureOf(await store.loadLabels(session))).toMatchObject(lost('load', reason))
    expect(alarms.named('session_store_keyspace_lost')).toContainEqual({
      name: 'session_store_keyspace_lost',
      kind: 'valkey',
      reason,
    })
    expect(alarms.named('session_store_generation_created')).toHaveLength(1)
  })
})

test('FLUSHALL: the old node fails closed, a fresh one starts a new generation', async () => {
  using alarms = new Recording('indelible:alarm')
  await using admin = await connect(server().port)
  const keyspace = new Keyspace()
  const session = randomUUID()
  await using old = await keyspace.open()
  expect(await old.appendLabels(session, ['PII'])).toEqual({ ok: true })
  await admin.send('FLUSHALL')

  expect(failureOf(await old.loadLabels(session))).toMatchObject(lost('load', 'missing'))
  await using fresh = await keyspace.open()
  expect(labelsOf(await fresh.loadLabels(session))).toEqual([])
  expect(alarms.named('session_store_generation_created')).toHaveLength(2)
  expect(failureOf(await old.loadLabels(session))).toMatchObject(lost('load', 'changed'))
})

test('an operator who accepts the loss sets a running node going again', async () => {
  using states = new Recording('indelible:state')
  await using admin = await connect(server().port)
  const keyspace = new Keyspace()
  const session = randomUUID()
  await using store = await keyspace.open()
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  await keyspace.wipe(admin)
  expect(failureOf(await store.loadLabels(session))).toMatchObject(lost('load', 'missing'))

  await admin.send('SET', keyspace.key, `v1 ${randomUUID().replaceAll('-', '')} sha256 - accepted`)
  expect(labelsOf(await store.loadLabels(session))).toEqual([])
  expect(await store.appendLabels(session, ['NEW'])).toEqual({ ok: true })
  expect(states.named('generation_accepted')).toHaveLength(1)
})

test('a keyspace whose labels have no generation yet gets one, and keeps its labels', async () => {
  await using admin = await connect(server().port)
  const keyspace = new Keyspace()
  const session = randomUUID()
  await admin.send('SADD', keyOf(session, keyspace.prefix), 'PII')
  await using store = await keyspace.open()
  expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
  expect(await admin.send('GET', keyspace.key)).toMatch(SHAPE)
})

test('require: a store never creates one, and works once an operator has', async () => {
  using alarms = new Recording('indelible:alarm')
  await using admin = await connect(server().port)
  const keyspace = new Keyspace()
  const session = randomUUID()
  await using store = await keyspace.open({ generation: 'require' })
  expect(failureOf(await store.loadLabels(session))).toMatchObject(lost('load', 'missing'))
  expect(failureOf(await store.appendLabels(session, ['PII']))).toMatchObject(lost('append', 'missing'))
  expect(await admin.send('EXISTS', keyspace.key)).toBe(0)
  expect(alarms.named('session_store_generation_created')).toEqual([])

  await admin.send('SET', keyspace.key, `v1 ${randomUUID().replaceAll('-', '')} sha256 -`)
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
})

test('off: the key is neither read nor written, and a lost keyspace is an empty one to a node that starts now', async () => {
  await using admin = await connect(server().port)
  const keyspace = new Keyspace()
  const session = randomUUID()
  await using monitor = await (await connect(server().port)).monitor()
  await using store = await keyspace.open({ generation: 'off' })
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  await keyspace.wipe(admin)
  await using fresh = await keyspace.open({ generation: 'off' })
  expect(labelsOf(await fresh.loadLabels(session))).toEqual([])
  const touching = (await monitor.commands()).filter(({ args }) => args.includes(keyspace.key))
  expect(touching).toEqual([])
})
