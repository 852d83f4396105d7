// Lines 11, 12 and 13 of docs/soundness.md: labels that expire under a session that lives on.

import { randomUUID } from 'node:crypto'

import { ConfigError } from 'indelible'
import { expect, test } from 'vitest'

import { connect } from '../support/resp.js'
import { ownServer, startServer } from '../support/servers.js'
import { Recording } from '../valkey/support/recording.js'
import { keyOf, labelsOf, openStore } from '../valkey/support/store.js'
import { line, needsSwitchedAddon } from './support/ledger.js'
import { type RemoteLoad, RemoteStore } from './support/remote-store.js'

needsSwitchedAddon()
const server = ownServer()

test('11: a TTL shorter than the life of a session loses labels, and alarms; `enforce` refuses it', async () => {
  const settings = { ttlSeconds: 1, maxSessionLifetimeSeconds: 3_600 }
  using alarms = new Recording('indelible:alarm')
  await using store = await openStore(server(), settings)
  await using admin = await connect(server().port)
  const session = randomUUID()
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  await expect.poll(() => admin.send('EXISTS', keyOf(session)), { timeout: 5_000 }).toBe(0)
  expect(labelsOf(await store.loadLabels(session))).toEqual([])
  expect(alarms.named('session_store_ttl_unsound')).toEqual([
    { name: 'session_store_ttl_unsound', kind: 'valkey', ...settings },
  ])
  await expect(openStore(server(), { ...settings, checks: 'enforce' })).rejects.toThrow(ConfigError)
})

line('12: a TTL of 0 deletes the labels that it comes with', {
  off: ['ttl-bounds'],
  async happen(build) {
    await using admin = await connect(server().port)
    const session = randomUUID()
    await using store = await RemoteStore.start(build)
    try {
      await store.ask('open', { kind: 'valkey', endpoint: server().url, ttlSeconds: 0 })
    } catch (error) {
      return { refused: error as Error }
    }
    const append = await store.append(session, ['PII'])
    return { append, exists: await admin.send('EXISTS', keyOf(session)) }
  },
  lost: (seen) => expect(seen).toEqual({ append: { ok: true }, exists: 0 }),
  stopped: ({ refused }) =>
    expect(refused).toMatchObject({ name: 'ConfigError', code: expect.stringMatching(/^ERR_CONFIG_/) }),
})

line('13: the life of a session cannot be renewed', {
  // A node that knew the labels misses them too; this line is for what it is told before they are gone.
  off: ['expiry', 'ratchet'],
  async happen(build) {
    await using own = await startServer()
    await using admin = await connect(own.port)
    const rules = ['on', '>pw', '~*', '+@all', '-expire']
    await admin.send('ACL', 'SETUSER', 'reader', ...rules)
    const ttlSeconds = 4
    const session = randomUUID()
    await using writer = await openStore(own, { ttlSeconds })
    await using reader = await RemoteStore.open(build, {
      endpoint: own.url,
      username: 'reader',
      password: 'pw',
      ttlSeconds,
    })
    expect(await writer.appendLabels(session, ['PII'])).toEqual({ ok: true })
    expect(await reader.load(session)).toEqual({ ok: true, labels: ['PII'] })
    // The session is in use all the time: it ends only because nobody may say so.
    let load: RemoteLoad | undefined
    await expect
      .poll(
        async () => {
          load = await reader.load(session)
          return load.ok ? load.labels.length : load.error.code
        },
        { timeout: 10_000, interval: 100 },
      )
      .not.toBe(1)
    const [exists, alarms] = [await admin.send('EXISTS', keyOf(session)), await reader.alarms()]
    return { load, exists, alarms }
  },
  lost({ load, exists }) {
    expect(load).toEqual({ ok: true, labels: [] })
    expect(exists).toBe(0)
  },
  stopped({ load, exists, alarms }) {
    expect(load).toMatchObject({ ok: false, error: { code: 'ERR_STORE_NOT_DURABLE', reason: 'ttl' } })
    expect(exists).toBe(1) // told while there was still something to lose
    expect(alarms).toContain('session_store_ttl_refresh_failed')
  },
})
