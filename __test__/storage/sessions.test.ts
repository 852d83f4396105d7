// Session records on a server: what is sent, how long it lives, and what is left of a save that was cut off.

import { describe, expect, test } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { failureOf, freshId, openBackend, valueOf } from './support/storage.js'

const server = ownServer()

const recordOf = (sessionId: string): { sessionId: string; agentId: string; startedAtNs: bigint } => ({
  sessionId,
  agentId: 'f0'.repeat(16),
  startedAtNs: 18446744073709551615n,
})

test('a save is one transaction, a load and a delete are one command', async () => {
  const sessions = (await openBackend(server(), { poolSize: 1 })).sessions()
  const sessionId = freshId()
  valueOf(await sessions.load(sessionId)) // the connection greets the server
  await using admin = await connect(server().port)
  await using monitor = await admin.monitor()
  valueOf(await sessions.save(recordOf(sessionId)))
  valueOf(await sessions.load(sessionId))
  valueOf(await sessions.delete(sessionId))
  const key = `aa:session:${sessionId}`
  const agentId = Buffer.from('f0'.repeat(16), 'hex')
  expect((await monitor.commands()).map(({ args }) => args)).toEqual([
    ['MULTI'],
    ['HSET', key, 'agent_id', agentId, 'started_at_ns', '18446744073709551615'],
    ['EXPIRE', key, '3600'],
    ['EXEC'],
    ['HMGET', key, 'agent_id', 'started_at_ns'],
    ['DEL', key],
  ])
})

test('every save renews the life of a record, a load does not', async () => {
  const sessions = (await openBackend(server())).sessions()
  await using admin = await connect(server().port)
  const sessionId = freshId()
  const key = `aa:session:${sessionId}`
  valueOf(await sessions.save(recordOf(sessionId)))
  await admin.send('EXPIRE', key, '100')
  expect(valueOf(await sessions.load(sessionId))).toEqual(recordOf(sessionId))
  expect(await admin.send('TTL', key)).toBeLessThanOrEqual(100)
  valueOf(await sessions.save(recordOf(sessionId)))
  expect(await admin.send('TTL', key)).toBeGreaterThan(3_590)
})

test('a record that expired is null', async () => {
  const sessions = (await openBackend(server())).sessions()
  await using admin = await connect(server().port)
  const sessionId = freshId()
  valueOf(await sessions.save(recordOf(sessionId)))
  await admin.send('PEXPIRE', `aa:session:${sessionId}`, '1')
  await expect.poll(async () => valueOf(await sessions.load(sessionId))).toBeNull()
})

test('a value of another type is undecodable, and a save over it harms nothing', async () => {
  const sessions = (await openBackend(server())).sessions()
  await using admin = await connect(server().port)
  const sessionId = freshId()
  const key = `aa:session:${sessionId}`
  await admin.send('SET', key, 'theirs')
  const undecodable = { code: 'ERR_STORE_UNDECODABLE', reason: 'value', serverCode: 'WRONGTYPE' }
  expect(failureOf(await sessions.load(sessionId))).toMatchObject(undecodable)
  expect(failureOf(await sessions.save(recordOf(sessionId)))).toMatchObject(undecodable)
  expect(await admin.send('GET', key)).toBe('theirs')
})

describe('a save that is cut off', () => {
  test.each(['toServer', 'toClient'] as const)(
    '%s at any byte leaves no key, or one with a life',
    async (direction) => {
      await using proxy = await FaultProxy.open(server().port)
      await using admin = await connect(server().port)
      const uncertain = { ok: 0, failed: 0, kept: 0 }
      for (let length = 0; uncertain.ok === 0; length += 1) {
        // Greeting takes as long as a busy machine needs: it is the save that is looked at.
        const patience = { connectTimeoutMs: 5_000, commandTimeoutMs: 5_000 }
        const backend = await openBackend(proxy, { poolSize: 1, retry: { retries: 0 }, ...patience })
        const sessions = backend.sessions()
        const sessionId = freshId()
        valueOf(await sessions.load(sessionId)) // greeted, so that the cut meets the save
        await proxy.inject({ kind: 'cut', afterBytes: length, direction })
        const result = await sessions.save(recordOf(sessionId))
        await proxy.heal()
        await backend.close()

        const life = await admin.send('TTL', `aa:session:${sessionId}`)
        if (result.ok) uncertain.ok += 1
        else {
          uncertain.failed += 1
          expect(result.error, `cut after ${length} bytes`).toMatchObject({
            code: 'ERR_STORE_UNAVAILABLE',
            reason: 'connection-lost',
            operation: 'save-session',
            indeterminate: true,
          })
        }
        if (life === -2) continue // no key
        uncertain.kept += 1
        expect(life).toBeGreaterThan(3_590)
      }
      expect(uncertain.failed).toBeGreaterThan(direction === 'toServer' ? 150 : 20)
      expect(uncertain.kept).toBeGreaterThan(direction === 'toServer' ? 0 : 20)
    },
  )
})
