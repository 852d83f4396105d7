// Keys and values as the other implementations write and read them (docs/compatibility.md, section 2).

import {
  DEFAULT_POLICY_CACHE_TTL_SECS,
  DRIVER_NAME,
  type PolicyDocument,
  SESSION_TTL_SECS,
} from 'indelible/storage'
import { describe, expect, test } from 'vitest'

import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { VECTORS, failureOf, freshId, openBackend, valueOf } from './support/storage.js'

const server = ownServer()

const UNDECODABLE = { code: 'ERR_STORE_UNDECODABLE', reason: 'value', retryable: false }

test('the constants are those of the documentation', () => {
  expect([DRIVER_NAME, SESSION_TTL_SECS, DEFAULT_POLICY_CACHE_TTL_SECS]).toEqual(['redis', 3600, 300])
  expect(VECTORS.session.ttlSeconds).toBe(SESSION_TTL_SECS)
  expect(VECTORS.policy.defaultTtlSeconds).toBe(DEFAULT_POLICY_CACHE_TTL_SECS)
})

describe('session records', () => {
  const { record, key, hash, ttlSeconds, unreadable } = VECTORS.session
  const expected = { ...record, startedAtNs: BigInt(record.startedAtNs) }
  const agentBytes = Buffer.from(hash.agent_id.bytesHex, 'hex')

  test('are written as others read them', async () => {
    const backend = await openBackend(server())
    await using admin = await connect(server().port)
    expect(await backend.sessions().save(expected)).toEqual({ ok: true })
    const [agentField, agentId, timeField, startedAt] = (await admin.send('HGETALL', key)) as (
      | Buffer
      | string
    )[]
    expect([agentField, timeField, startedAt]).toEqual(['agent_id', 'started_at_ns', hash.started_at_ns])
    expect(Buffer.compare(Buffer.from(agentId ?? ''), agentBytes)).toBe(0)
    expect(await admin.send('TTL', key)).toBeGreaterThan(ttlSeconds - 5)
    expect(await admin.send('TTL', key)).toBeLessThanOrEqual(ttlSeconds)
  })

  test('are read as others write them', async () => {
    const backend = await openBackend(server())
    await using admin = await connect(server().port)
    await admin.send('DEL', key)
    await admin.send('HSET', key, 'agent_id', agentBytes, 'started_at_ns', hash.started_at_ns)
    expect(valueOf(await backend.sessions().load(record.sessionId))).toEqual(expected)
  })

  test.each(unreadable)('$hash is $outcome', async ({ hash: stored, outcome }) => {
    const backend = await openBackend(server())
    await using admin = await connect(server().port)
    const sessionId = freshId()
    const fields = Object.entries(stored).flatMap(([field, value]) => [
      field,
      typeof value === 'string' ? value : Buffer.from(value.bytesHex, 'hex'),
    ])
    if (fields.length > 0) await admin.send('HSET', `aa:session:${sessionId}`, ...fields)
    const result = await backend.sessions().load(sessionId)
    if (outcome === 'not-found') expect(valueOf(result)).toBeNull()
    else expect(failureOf(result)).toMatchObject({ ...UNDECODABLE, operation: 'load-session' })
  })
})

describe('counters', () => {
  const { keys, sequence, unreadable } = VECTORS.rateLimit

  test.each(keys)('$key', async ({ key, redisKey }) => {
    const counter = (await openBackend(server())).rateLimiter()
    await using admin = await connect(server().port)
    expect(valueOf(await counter.increment(key, 7n, 60))).toBe(7n)
    expect(await admin.send('GET', redisKey)).toBe('7')
    expect(await admin.send('TTL', redisKey)).toBeGreaterThan(55)
    await admin.send('SET', redisKey, '9007199254740993', 'EX', '60') // the other way: what another node counted
    expect(valueOf(await counter.current(key))).toBe(9007199254740993n)
  })

  test('the sequence', async () => {
    const counter = (await openBackend(server())).rateLimiter()
    await using admin = await connect(server().port)
    const key = freshId()
    for (const { op, amount, windowSecs, expect: total, ttlStaysNear } of sequence) {
      if (op === 'reset') expect(await counter.reset(key)).toEqual({ ok: true })
      else if (op === 'current') expect(valueOf(await counter.current(key))).toBe(BigInt(total ?? ''))
      else {
        const added = await counter.increment(key, BigInt(amount ?? ''), windowSecs ?? 0)
        expect(valueOf(added)).toBe(BigInt(total ?? ''))
      }
      if (ttlStaysNear === undefined) continue
      expect(await admin.send('TTL', `aa:ratelimit:${key}`)).toBeGreaterThan(ttlStaysNear - 5)
    }
  })

  test.each(unreadable)('%j is no counter', async (text) => {
    const counter = (await openBackend(server())).rateLimiter()
    await using admin = await connect(server().port)
    const key = freshId()
    await admin.send('SET', `aa:ratelimit:${key}`, text)
    expect(failureOf(await counter.current(key))).toMatchObject({ ...UNDECODABLE, operation: 'current' })
    expect(failureOf(await counter.increment(key, 1n, 60))).toMatchObject({
      ...UNDECODABLE,
      operation: 'increment',
    })
  })
})

describe('policies', () => {
  const { agentId, key, json, readable, unreadable, defaultTtlSeconds } = VECTORS.policy
  const document: PolicyDocument = {
    version: 3,
    name: 'default',
    rules: [
      { actionPattern: 'tool_call/*', decision: 'Allow' },
      { actionPattern: 'network/*', decision: 'RequireApproval' },
      { actionPattern: 'fs/write', decision: 'Deny' },
    ],
    enforcementMode: 'enforce',
  }

  test('are written as others read them, to the byte', async () => {
    const policies = (await openBackend(server())).policies()
    await using admin = await connect(server().port)
    expect(await policies.cachePolicy(agentId, document)).toEqual({ ok: true })
    expect(await admin.send('GET', key)).toBe(json)
    expect(await admin.send('TTL', key)).toBeGreaterThan(defaultTtlSeconds - 5)
    expect(await admin.send('TTL', key)).toBeLessThanOrEqual(defaultTtlSeconds)
  })

  test('are read as others write them', async () => {
    const policies = (await openBackend(server())).policies()
    await using admin = await connect(server().port)
    await admin.send('SET', key, json)
    expect(valueOf(await policies.getPolicy(agentId))).toEqual(document)
    const stored = async (text: string): Promise<PolicyDocument | null> => {
      await admin.send('SET', key, text)
      return valueOf(await policies.getPolicy(agentId))
    }
    const [bare, observing] = readable
    const minimal = { version: 1, name: 'n', rules: [] }
    expect(await stored(bare ?? '')).toEqual({ ...minimal, enforcementMode: 'enforce' })
    expect(await stored(observing ?? '')).toEqual({ ...minimal, enforcementMode: 'observe' })
  })

  test.each(unreadable)('%s is no policy', async (text) => {
    const policies = (await openBackend(server())).policies()
    await using admin = await connect(server().port)
    await admin.send('SET', key, text)
    const error = failureOf(await policies.getPolicy(agentId))
    expect(error).toMatchObject({ ...UNDECODABLE, operation: 'get-policy' })
    expect(error.message).not.toContain(text)
  })

  test.each([2 ** 20 + 1, 5 * 2 ** 20])('%i bytes are no policy', async (bytes) => {
    const policies = (await openBackend(server())).policies()
    await using admin = await connect(server().port)
    await admin.send('SET', key, json.padEnd(2 ** 20))
    expect(valueOf(await policies.getPolicy(agentId))).toEqual(document)
    await admin.send('SET', key, json.padEnd(bytes))
    expect(failureOf(await policies.getPolicy(agentId))).toMatchObject({
      ...UNDECODABLE,
      operation: 'get-policy',
      message: expect.stringContaining('longer than a policy document may be'),
    })
  })
})
