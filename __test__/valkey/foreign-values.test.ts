// What others may have put where labels belong: never an empty set, never a shorter one, never harmed by us
// (docs/soundness.md, line 2).

import { randomUUID } from 'node:crypto'

import { MAX_LABEL_BYTES } from 'indelible'
import { describe, expect, test } from 'vitest'

import { type RespClient, connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { failureOf, keyOf, labelsOf, openStore } from './support/store.js'

const server = ownServer()

/** The read caps of docs/compatibility.md. */
const MAX_MEMBERS = 10_000
const MAX_BYTES = 4 * 1024 * 1024

const MODES = [{}, { ttlSeconds: 600 }, { generation: 'off' }, { generation: 'off', ttlSeconds: 600 }]

/** A failure that concerns the stored value, and that neither another attempt nor another connection would mend. */
const undecodable = (reason: 'value' | 'too-large'): object => ({
  code: 'ERR_STORE_UNDECODABLE',
  reason,
  retryable: false,
  indeterminate: false,
  attempts: 1,
})

describe('a key of another type fails the load and the append, and stays as it is', () => {
  const types: readonly (readonly [string, (admin: RespClient, key: string) => Promise<unknown>])[] = [
    ['a string', (admin, key) => admin.send('SET', key, 'PII')],
    ['a list', (admin, key) => admin.send('RPUSH', key, 'PII', 'SECRET')],
    ['a hash', (admin, key) => admin.send('HSET', key, 'PII', '1')],
    ['a sorted set', (admin, key) => admin.send('ZADD', key, '1', 'PII')],
  ]
  const cases = types.flatMap(([type, write]) => MODES.map((settings) => [type, settings, write] as const))

  test.each(cases)('%s, with %j', async (_, settings, write) => {
    await using admin = await connect(server().port)
    await using store = await openStore(server(), settings)
    const session = randomUUID()
    await write(admin, keyOf(session))
    const before = await admin.send('DUMP', keyOf(session))

    const expected = { ...undecodable('value'), serverCode: 'WRONGTYPE' }
    expect(failureOf(await store.loadLabels(session))).toMatchObject({ ...expected, operation: 'load' })
    expect(failureOf(await store.appendLabels(session, ['NEW']))).toMatchObject({
      ...expected,
      operation: 'append',
    })
    expect(await admin.send('DUMP', keyOf(session))).toEqual(before)
    // The life that the transaction armed is taken back.
    await expect.poll(() => admin.send('TTL', keyOf(session))).toBe(-1)
  })

  test('among several ids: the load fails whole, the append says that a part may have happened', async () => {
    await using admin = await connect(server().port)
    await using store = await openStore(server(), { ttlSeconds: 600 })
    const [labelled, foreign] = [randomUUID(), randomUUID()]
    expect(await store.appendLabels(labelled, ['PII'])).toEqual({ ok: true })
    await admin.send('SET', keyOf(foreign), 'PII')

    expect(failureOf(await store.loadLabels([labelled, foreign]))).toMatchObject(undecodable('value'))
    expect(failureOf(await store.appendLabels([labelled, foreign], ['NEW']))).toMatchObject({
      ...undecodable('value'),
      indeterminate: true,
    })
    await expect.poll(() => admin.send('TTL', keyOf(foreign))).toBe(-1)
    expect(await admin.send('TTL', keyOf(labelled))).toBeGreaterThan(0)
  })

  test('a life that others gave the key stays', async () => {
    await using admin = await connect(server().port)
    await using store = await openStore(server(), { ttlSeconds: 600 })
    const session = randomUUID()
    await admin.send('SET', keyOf(session), 'PII', 'EX', '5000')
    expect(failureOf(await store.appendLabels(session, ['NEW']))).toMatchObject(undecodable('value'))
    labelsOf(await store.loadLabels(randomUUID()))
    expect(await admin.send('TTL', keyOf(session))).toBeGreaterThan(4_900)
  })
})

describe('a member that is not UTF-8 fails the load; nothing is replaced or left out', () => {
  test.each([
    ['a stray byte', [0x50, 0xff]],
    ['a cut sequence', [0xe2, 0x82]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point beyond the last', [0xf5, 0x80, 0x80, 0x80]],
  ])('%s', async (_, bytes) => {
    await using admin = await connect(server().port)
    await using store = await openStore(server())
    const session = randomUUID()
    await admin.send('SADD', keyOf(session), 'PII', Buffer.from(bytes))
    expect(failureOf(await store.loadLabels(session))).toMatchObject(undecodable('value'))
    // Another session on the same connection is none the worse.
    expect(labelsOf(await store.loadLabels(randomUUID()))).toEqual([])
  })
})

describe('members that others wrote beyond our write limits are returned as they are', () => {
  test.each([
    ['the empty one', ['']],
    ['a long one', ['x'.repeat(MAX_LABEL_BYTES + 1)]],
    ['a very long one', ['ü'.repeat(500_000)]],
    ['as many as the cap allows', Array.from({ length: MAX_MEMBERS }, (_, n) => `label-${n}`)],
  ])('%s', async (_, members) => {
    await using admin = await connect(server().port)
    await using store = await openStore(server())
    const session = randomUUID()
    await admin.send('SADD', keyOf(session), ...members)
    expect(labelsOf(await store.loadLabels(session))).toEqual(members.sort())
  })
})

describe('a set beyond the read caps fails the load; nothing is cut', () => {
  test.each([
    ['too many members', Array.from({ length: MAX_MEMBERS + 1 }, (_, n) => `label-${n}`)],
    ['too many bytes', Array.from({ length: 5 }, (_, n) => `${n}`.repeat(MAX_BYTES / 5 + 1))],
  ])('%s', async (_, members) => {
    await using admin = await connect(server().port)
    await using store = await openStore(server())
    const [session, other] = [randomUUID(), randomUUID()]
    await admin.send('SADD', keyOf(session), ...members)
    const [load, both] = await Promise.all([store.loadLabels(session), store.loadLabels([other, session])])
    expect(failureOf(load)).toMatchObject(undecodable('too-large'))
    expect(failureOf(both)).toMatchObject(undecodable('too-large'))
    expect(labelsOf(await store.loadLabels(other))).toEqual([])
    // Adding to it is safe: labels only grow.
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  })
})

test('the caps count for each id: two sets that fit make a union that is returned', async () => {
  await using admin = await connect(server().port)
  await using store = await openStore(server())
  const [a, b] = [randomUUID(), randomUUID()]
  const members = (id: string): string[] => Array.from({ length: 6_000 }, (_, n) => `${id}-${n}`)
  await admin.send('SADD', keyOf(a), ...members(a))
  await admin.send('SADD', keyOf(b), ...members(b))
  expect(labelsOf(await store.loadLabels([a, b]))).toEqual([...members(a), ...members(b)].sort())
})
