// Settings of a server that somebody changes while it is used (docs/soundness.md, line 10), and those that cut answers.

import { randomUUID } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { type RespClient, connect } from '../support/resp.js'
import { reply } from '../support/scripted-server.js'
import { startServer } from '../support/servers.js'
import { LyingServer, TRUTH } from '../valkey/support/lying-server.js'
import { Recording } from '../valkey/support/recording.js'
import { failureInTime, failureOf, keyOf, labelsOf, openStore, recovered } from '../valkey/support/store.js'

const EVICTING = { code: 'ERR_STORE_UNSAFE_SERVER', reason: 'eviction', retryable: false }

/** How often the server was said to be unsafe for that reason. */
function told(alarms: Recording, reason: string): number {
  return alarms.named('session_store_unsafe_server').filter((alarm) => alarm['reason'] === reason).length
}

describe('a server that begins to evict', () => {
  const letEvict = async (admin: RespClient): Promise<unknown> =>
    admin.send('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
  const killAll = async (admin: RespClient): Promise<unknown> =>
    admin.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')

  test('is found out by the next connection, and refused under `enforce` until it is set right', async () => {
    await using server = await startServer()
    await using admin = await connect(server.port)
    await using store = await openStore(server, { checks: 'enforce' })
    const session = randomUUID()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
    await letEvict(admin)
    await killAll(admin)
    const error = await failureInTime(store.loadLabels(session))
    expect(error).toMatchObject(EVICTING)
    expect(error.message).toContain('noeviction')
    await admin.send('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    expect(await recovered(store, session)).toEqual(['PII'])
  })

  test('is told of under `warn`, once, and what it evicts is given back by who knew it', async () => {
    using alarms = new Recording('indelible:alarm')
    await using server = await startServer()
    await using admin = await connect(server.port)
    await using store = await openStore(server, { checks: 'warn' })
    const session = randomUUID()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
    await letEvict(admin)
    for (let round = 0; round < 3; round++) {
      await killAll(admin)
      expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
    }
    expect(told(alarms, 'eviction')).toBe(1)
    await admin.send('DEL', keyOf(session)) // as eviction does it
    expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
    expect(alarms.named('session_store_label_regression')).toHaveLength(1)
  })

  test('is found out on an old connection within half a minute, more or less', async () => {
    await using server = await startServer()
    await using admin = await connect(server.port)
    await using store = await openStore(server, { checks: 'enforce' })
    labelsOf(await store.loadLabels(randomUUID()))
    await letEvict(admin)
    await expect
      .poll(async () => (await store.loadLabels(randomUUID())).ok, { timeout: 45_000, interval: 250 })
      .toBe(false)
    expect(failureOf(await store.loadLabels(randomUUID()))).toMatchObject(EVICTING)
  }, 60_000)
})

test('a clock that is off is told of, and refuses nobody', async () => {
  using alarms = new Recording('indelible:alarm')
  await using server = await LyingServer.open()
  const info = [
    'redis_version:7.0.15',
    'role:master',
    'loading:0',
    'maxmemory_policy:noeviction',
    'server_time_usec:1000000',
  ]
  server.lie(([name]) => (name === 'INFO' ? reply.bulk(info.join('\r\n')) : TRUTH))
  await using store = await openStore(server, { checks: 'enforce' })
  expect((await store.loadLabels('s')).ok).toBe(true)
  expect(told(alarms, 'clock')).toBe(1)
})

test('an answer that the server cuts short for its length is no shorter set', async () => {
  await using server = await startServer()
  await using admin = await connect(server.port)
  const session = randomUUID()
  // Three megabytes, which a store would read, from a server that may keep one back.
  for (let n = 0; n < 3_000; n += 100) {
    const members = Array.from({ length: 100 }, (_, m) => `${n + m}`.padEnd(1_024, 'x'))
    await admin.send('SADD', keyOf(session), ...members)
  }
  await using store = await openStore(server, { commandTimeoutMs: 2_000 })
  expect(labelsOf(await store.loadLabels(session))).toHaveLength(3_000)
  await admin.send('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 1mb 0 0')
  expect(failureOf(await store.loadLabels(session))).toMatchObject({
    code: 'ERR_STORE_UNAVAILABLE',
    reason: 'connection-lost',
    attempts: 2,
  })
  await admin.send('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 0 0 0')
  expect(labelsOf(await store.loadLabels(session))).toHaveLength(3_000)
})
