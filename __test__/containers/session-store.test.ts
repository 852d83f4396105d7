// The label store against the server image that people deploy: shared by nodes, refreshed, full, forbidden, silent,
// and holding what is no label set.

import { createHash, randomUUID } from 'node:crypto'

import { type AppendResult, type LoadResult, type SessionStore, openSessionStore } from 'indelible'
import { describe, expect, test } from 'vitest'

import { ValkeyContainer, requireContainers } from '../support/containers.js'
import { connect } from '../support/resp.js'

requireContainers()

/** D of docs/compatibility.md at the default settings, in milliseconds. */
const DEADLINE_MS = 1_550

const open = (container: ValkeyContainer, settings: object = {}): Promise<SessionStore> =>
  openSessionStore({ kind: 'valkey', endpoint: container.endpoint, ...settings })

const keyOf = (session: string): string => `taint:v1:${createHash('sha256').update(session).digest('hex')}`

function labelsOf(result: LoadResult): string[] {
  if (!result.ok) throw result.error
  return [...result.labels]
}

function failureOf(result: LoadResult | AppendResult): unknown {
  if (result.ok) throw new Error('expected a failure')
  const { code, reason, operation } = result.error
  return { code, reason, operation }
}

describe('containers', () => {
  test('cross-node union: what two nodes append at once, both load', async () => {
    await using container = await ValkeyContainer.start()
    await using a = await open(container)
    await using b = await open(container)
    const session = randomUUID()

    const numbers = Array.from({ length: 100 }, (_, n) => n)
    const appends = numbers.flatMap((n) => [
      a.appendLabels(session, [`a${n}`]),
      b.appendLabels(session, [`b${n}`]),
    ])
    expect((await Promise.all(appends)).filter(({ ok }) => !ok)).toEqual([])

    const all = numbers.flatMap((n) => [`a${n}`, `b${n}`]).sort()
    expect(labelsOf(await a.loadLabels(session))).toEqual(all)
    expect(labelsOf(await b.loadLabels(session))).toEqual(all)
  })

  test('TTL refresh: a load lengthens a life to the full TTL and never shortens one', async () => {
    await using container = await ValkeyContainer.start()
    await using store = await open(container, { ttlSeconds: 1_000 })
    // A node that has not renewed this life a moment ago (docs/design/refresh.md).
    await using other = await open(container, { ttlSeconds: 1_000 })
    await using admin = await connect(container.port)
    const session = randomUUID()

    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
    expect(await admin.send('TTL', keyOf(session))).toBeGreaterThan(900)
    await admin.send('EXPIRE', keyOf(session), '100')
    expect(labelsOf(await other.loadLabels(session))).toEqual(['PII'])
    expect(await admin.send('TTL', keyOf(session))).toBeGreaterThan(900)
    await admin.send('EXPIRE', keyOf(session), '5000')
    expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
    expect(await admin.send('TTL', keyOf(session))).toBeGreaterThan(4_000)
  })

  test('noeviction: a full server keeps answering loads, refuses appends and has lost nothing', async () => {
    await using container = await ValkeyContainer.start(
      '--maxmemory',
      '8mb',
      '--maxmemory-policy',
      'noeviction',
    )
    await using store = await open(container)
    await using admin = await connect(container.port)
    const session = randomUUID()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })

    await admin.send('CONFIG', 'SET', 'maxmemory', '1') // less than any server holds: full for as long as we like
    await expect(admin.send('SET', 'filler', '')).rejects.toMatchObject({ code: 'OOM' })
    expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
    expect(failureOf(await store.appendLabels(session, ['SECRET']))).toMatchObject({
      code: 'ERR_STORE_OUT_OF_MEMORY',
    })

    await admin.send('CONFIG', 'SET', 'maxmemory', '0')
    expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
    expect(await store.appendLabels(session, ['SECRET'])).toEqual({ ok: true })
  })

  test('ACL denial: a missing permission and a wrong password are failures of their own', async () => {
    await using container = await ValkeyContainer.start()
    await using admin = await connect(container.port)
    const session = randomUUID()
    const rules = ['on', '>secret', 'resetkeys', 'resetchannels', '-@all', '~taint:v1:*']
    const commands = '+smembers +expire +multi +exec +info +getex +set +client|setname +client|setinfo'.split(
      ' ',
    )
    await admin.send('ACL', 'SETUSER', 'reader', ...rules, ...commands)
    await admin.send('ACL', 'SETUSER', 'writer', ...rules, ...commands, '+sadd')

    await using writer = await open(container, { username: 'writer', password: 'secret' })
    expect(await writer.appendLabels(session, ['PII'])).toEqual({ ok: true })
    await using reader = await open(container, { username: 'reader', password: 'secret' })
    expect(labelsOf(await reader.loadLabels(session))).toEqual(['PII'])
    const denied = { code: 'ERR_STORE_ACCESS', reason: 'permission', operation: 'append' }
    expect(failureOf(await reader.appendLabels(session, ['SECRET']))).toEqual(denied)
    expect(labelsOf(await writer.loadLabels(session))).toEqual(['PII'])

    await using stranger = await open(container, { username: 'writer', password: 'guess' })
    const rejected = { code: 'ERR_STORE_ACCESS', reason: 'auth', operation: 'load' }
    expect(failureOf(await stranger.loadLabels(session))).toEqual(rejected)
  })

  test('fail-closed: a paused server is a time-out within the deadline, a dead one unavailable, never empty', async () => {
    await using container = await ValkeyContainer.start()
    await using store = await open(container)
    const session = randomUUID()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })

    await container.pause()
    const start = performance.now()
    const [load, append] = await Promise.all([
      store.loadLabels(session),
      store.appendLabels(session, ['SECRET']),
    ])
    expect(performance.now() - start).toBeLessThan(DEADLINE_MS + 500)
    expect(failureOf(load)).toMatchObject({ code: 'ERR_STORE_TIMEOUT', operation: 'load' })
    expect(append).toMatchObject({ ok: false, error: { code: 'ERR_STORE_TIMEOUT', indeterminate: true } })

    await container.unpause()
    await expect.poll(() => store.loadLabels(session), { timeout: 5_000 }).toMatchObject({ ok: true })
    expect(labelsOf(await store.loadLabels(session))).toContain('PII')

    await container.kill()
    expect(failureOf(await store.loadLabels(session))).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })

  test('decode error: a value that is no set of UTF-8 labels fails the load and the append', async () => {
    await using container = await ValkeyContainer.start()
    await using store = await open(container)
    await using admin = await connect(container.port)
    const [wrongType, notUtf8] = [randomUUID(), randomUUID()]
    const undecodable = { code: 'ERR_STORE_UNDECODABLE', reason: 'value' }

    await admin.send('SET', keyOf(wrongType), 'PII')
    expect(failureOf(await store.loadLabels(wrongType))).toEqual({ ...undecodable, operation: 'load' })
    expect(failureOf(await store.appendLabels(wrongType, ['PII']))).toEqual({
      ...undecodable,
      operation: 'append',
    })
    expect(await admin.send('GET', keyOf(wrongType))).toBe('PII')
    expect(await admin.send('TTL', keyOf(wrongType))).toBe(-1)

    await admin.send('SADD', keyOf(notUtf8), 'PII', Buffer.from([0xff, 0xfe]))
    expect(failureOf(await store.loadLabels(notUtf8))).toEqual({ ...undecodable, operation: 'load' })
  })
})
