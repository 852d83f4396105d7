// Replies that no sound server gives: never ok, whatever a convenient decoder would make of them
// (docs/soundness.md, lines 15 and 25).

import { type SessionStore } from 'indelible'
import { describe, expect, test } from 'vitest'

import { CLOSE, type Command, reply } from '../support/scripted-server.js'
import { Recording } from './support/recording.js'
import { GENERATION, HELD, type Lie, LyingServer, TRUTH } from './support/lying-server.js'
import { failureOf, labelsOf, openStore, recovered } from './support/store.js'

type Failure = Readonly<Record<string, unknown>>

const PROTOCOL: Failure = { code: 'ERR_STORE_UNDECODABLE', reason: 'protocol' }
const LAYOUT: Failure = { code: 'ERR_STORE_KEYSPACE_LOST', reason: 'layout' }
const LATE: Failure = { code: 'ERR_STORE_TIMEOUT', reason: 'command' }

/** Says `answer` to the first command of that name and the truth to all others. */
function instead(name: Command[0], answer: ReturnType<Lie>): Lie {
  let told = false
  return (command) => {
    if (told || command[0] !== name) return TRUTH
    told = true
    return answer
  }
}

const bulks = (...texts: readonly string[]): Buffer[] => texts.map((text) => reply.bulk(text))
const members = reply.array(...bulks(...HELD))

/** A store that has seen the server sound, then lying, then sound again. */
async function lieTo<Result>(
  lie: Lie,
  act: (store: SessionStore) => Promise<Result>,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Result> {
  await using server = await LyingServer.open()
  await using store = await openStore(server, {
    connections: 1,
    retry: { retries: 0 },
    connectTimeoutMs: 2_000, // no lie is about it
    commandTimeoutMs: 300,
    ...settings,
  })
  expect(labelsOf(await store.loadLabels('s'))).toEqual(HELD)
  server.lie(lie)
  const result = await act(store)
  server.lie(undefined)
  // What is left over of a lie may still spoil the next reply: that one then fails too, and is never ok.
  expect(await recovered(store, 's')).toEqual(HELD)
  expect(await store.appendLabels('s', ['PII'])).toEqual({ ok: true })
  return result
}

describe('a load is not ok when the answer to its read is', () => {
  test.each<readonly [string, ReturnType<Lie>, Failure]>([
    ['nil', reply.nil, PROTOCOL],
    ['a nil array', reply.nilArray, PROTOCOL],
    ['a status', reply.ok, PROTOCOL],
    ['QUEUED', reply.queued, PROTOCOL],
    ['an integer', reply.integer(0), PROTOCOL],
    ['a text', reply.bulk('PII'), PROTOCOL],
    ['an array with nil in it', reply.array(...bulks('PII'), reply.nil), PROTOCOL],
    ['an array with a number in it', reply.array(...bulks('PII'), reply.integer(1)), PROTOCOL],
    ['an array with a status in it', reply.array(...bulks('PII'), reply.ok), PROTOCOL],
    ['an array with an error in it', reply.array(...bulks('PII'), reply.error('ERR x')), PROTOCOL],
    ['an array in an array', reply.array(reply.array(...bulks('PII'))), PROTOCOL],
    ['an empty array in an array', reply.array(reply.array()), PROTOCOL],
    ['a set of RESP3', '~1\r\n$3\r\nPII\r\n', PROTOCOL],
    ['a map of RESP3', '%1\r\n$3\r\nPII\r\n:1\r\n', PROTOCOL],
    ['nil of RESP3', '_\r\n', PROTOCOL],
    ['an array of less than nothing', '*-2\r\n', PROTOCOL],
    ['an array of no length', '*\r\n', PROTOCOL],
    ['an array of length x', '*x\r\n', PROTOCOL],
    ['a text of less than nothing', '*1\r\n$-2\r\n', PROTOCOL],
    ['a text longer than it says', '*1\r\n$2\r\nPII\r\n', PROTOCOL],
    ['a line without its end', '*1\n$3\nPII\n', PROTOCOL],
    ['no RESP at all', 'HTTP/1.1 400 Bad Request\r\n\r\n', PROTOCOL],
    ['nothing but line ends', '\r\n\r\n', PROTOCOL],
    ['twice', Buffer.concat([members, members]), PROTOCOL],
    ['after that of the proof', Buffer.concat([reply.bulk(GENERATION), members]), PROTOCOL],
    // What is left over stands where the generation belongs.
    ['longer than announced', Buffer.concat([reply.array(...bulks('PII')), reply.bulk('SECRET')]), LAYOUT],
    ['shorter than announced', Buffer.from('*3\r\n$3\r\nPII\r\n$6\r\nSECRET\r\n'), LATE],
    ['missing', undefined, PROTOCOL],
    ['the end of the connection', CLOSE, { code: 'ERR_STORE_UNAVAILABLE', reason: 'connection-lost' }],
  ])('%s', async (_, answer, failure) => {
    const load = await lieTo(instead('SMEMBERS', answer), (store) => store.loadLabels('s'))
    expect(failureOf(load)).toMatchObject({
      ...failure,
      operation: 'load',
      indeterminate: false,
      attempts: 1,
    })
  })

  test.each([1, 2, 3, 7])('with several ids, one of which gets nil (number %d)', async (number) => {
    let nth = 0
    const lie: Lie = ([name]) => (name === 'SMEMBERS' && ++nth === number ? reply.nil : TRUTH)
    const ids = Array.from({ length: 7 }, (_, n) => `s${n}`)
    const load = await lieTo(lie, (store) => store.loadLabels(ids))
    expect(failureOf(load)).toMatchObject(PROTOCOL)
  })
})

describe('a load is not ok when the answer to its proof is', () => {
  test.each<readonly [string, ReturnType<Lie>, Failure]>([
    ['a status', reply.ok, PROTOCOL],
    ['an integer', reply.integer(1), PROTOCOL],
    ['an array', reply.array(reply.bulk(GENERATION)), PROTOCOL],
    ['a nil array', reply.nilArray, PROTOCOL],
    ['nil', reply.nil, { code: 'ERR_STORE_KEYSPACE_LOST', reason: 'missing' }],
    ['the empty text', reply.bulk(''), LAYOUT],
    ['missing', undefined, LATE],
  ])('%s', async (_, answer, failure) => {
    const load = await lieTo(instead('GETEX', answer), (store) => store.loadLabels('s'))
    expect(failureOf(load)).toMatchObject({ ...failure, operation: 'load' })
  })

  test.each<readonly [string, ReturnType<Lie>, Failure]>([
    ['a status', reply.ok, PROTOCOL],
    ['a text', reply.bulk('1'), PROTOCOL],
    ['nil', reply.nil, PROTOCOL],
    ['two', reply.integer(2), PROTOCOL],
    ['less than nothing', reply.integer(-1), PROTOCOL],
    ['missing', undefined, LATE],
  ])('%s, without a generation', async (_, answer, failure) => {
    for (const settings of [{ generation: 'off' }, { generation: 'off', ttlSeconds: 600 }]) {
      const load = await lieTo(instead('EXPIRE', answer), (store) => store.loadLabels('s'), settings)
      expect(failureOf(load)).toMatchObject(failure)
    }
  })
})

test('a reply too many is nobody else’s labels', async () => {
  const extra = Buffer.concat([reply.bulk(GENERATION), reply.array(...bulks('SOMEBODY ELSE’S'))])
  const load = await lieTo(instead('GETEX', extra), (store) => store.loadLabels('s'))
  // The one that was answered and proven may stand; what follows it counts for nothing.
  expect(labelsOf(load)).toEqual(HELD)
})

describe('an append is not ok when', () => {
  const transaction = (answers: Readonly<Record<string, ReturnType<Lie>>>): Lie => {
    const told = new Set<string>()
    return ([name]) => {
      if (!(name in answers) || told.has(name)) return TRUTH
      told.add(name)
      return answers[name]
    }
  }
  const refused = reply.error('ERR EXEC without MULTI')
  const results = (...items: readonly (string | Buffer)[]): Lie =>
    transaction({ EXEC: reply.array(...items) })

  test.each<readonly [string, Lie, Failure]>([
    ['MULTI is answered with nil', transaction({ MULTI: reply.nil }), PROTOCOL],
    ['MULTI is answered with QUEUED', transaction({ MULTI: reply.queued }), PROTOCOL],
    ['MULTI is answered with a number', transaction({ MULTI: reply.integer(1) }), PROTOCOL],
    [
      'MULTI is refused and SADD runs outside a transaction',
      transaction({ MULTI: reply.error('NOPERM x'), SADD: reply.integer(1), EXEC: refused }),
      { code: 'ERR_STORE_ACCESS', reason: 'permission', serverCode: 'NOPERM', indeterminate: true },
    ],
    ['QUEUED is missing and the result comes at once', transaction({ SADD: reply.integer(1) }), PROTOCOL],
    ['QUEUED is another status', transaction({ SADD: reply.ok }), PROTOCOL],
    ['QUEUED is nil', transaction({ SADD: reply.nil }), PROTOCOL],
    ['a reply is missing', transaction({ SADD: undefined }), PROTOCOL],
    ['EXEC is answered with nil', transaction({ EXEC: reply.nil }), PROTOCOL],
    ['EXEC is answered with a nil array', transaction({ EXEC: reply.nilArray }), PROTOCOL],
    ['EXEC is answered with a status', transaction({ EXEC: reply.ok }), PROTOCOL],
    ['EXEC is answered with a number', transaction({ EXEC: reply.integer(1) }), PROTOCOL],
    ['EXEC has no results', results(), PROTOCOL],
    ['EXEC has a result too many', results(reply.integer(1), reply.integer(1)), PROTOCOL],
    ['a result is nil', results(reply.nil), PROTOCOL],
    ['a result is a status', results(reply.ok), PROTOCOL],
    ['a result is an array', results(reply.array(reply.integer(1))), PROTOCOL],
    ['a result is less than nothing', results(reply.integer(-1)), PROTOCOL],
    [
      'a result is an error',
      results(reply.error('WRONGTYPE x')),
      { code: 'ERR_STORE_UNDECODABLE', reason: 'value', serverCode: 'WRONGTYPE', indeterminate: false },
    ],
    [
      'a command is refused and the transaction aborted',
      transaction({ SADD: reply.error('OOM x'), EXEC: reply.error('EXECABORT because of previous errors') }),
      { code: 'ERR_STORE_OUT_OF_MEMORY', serverCode: 'OOM', indeterminate: false },
    ],
    [
      'the transaction is aborted for a reason of its own',
      transaction({ EXEC: reply.error('EXECABORT Transaction discarded because of: READONLY x') }),
      { code: 'ERR_STORE_NOT_PRIMARY', reason: 'readonly', serverCode: 'READONLY', indeterminate: false },
    ],
    [
      'the transaction is aborted for no reason',
      transaction({ EXEC: reply.error('EXECABORT Transaction discarded') }),
      { ...PROTOCOL, serverCode: 'EXECABORT' },
    ],
    ['EXEC is not answered', transaction({ EXEC: undefined }), PROTOCOL],
    ['the proof is not answered', transaction({ GETEX: undefined }), { ...LATE, indeterminate: true }],
    [
      'the proof is refused',
      transaction({ GETEX: reply.error('READONLY x') }),
      { code: 'ERR_STORE_NOT_PRIMARY', reason: 'readonly', indeterminate: true },
    ],
    [
      'the connection ends before EXEC is answered',
      transaction({ EXEC: CLOSE }),
      { code: 'ERR_STORE_UNAVAILABLE', reason: 'connection-lost', indeterminate: true },
    ],
  ])('%s', async (_, lie, failure) => {
    const append = await lieTo(lie, (store) => store.appendLabels('s', ['NEW']))
    expect(failureOf(append)).toMatchObject({ ...failure, operation: 'append', attempts: 1 })
  })

  test.each([
    ['a life is armed twice over', [1, 2, 0]],
    ['a life is less than nothing', [1, 0, -1]],
    ['a result is missing', [1, 1]],
    ['a result is too many', [1, 1, 0, 0]],
  ])('with a TTL, %s', async (_, numbers) => {
    const lie = results(...numbers.map((number) => reply.integer(number)))
    const append = await lieTo(lie, (store) => store.appendLabels('s', ['NEW']), { ttlSeconds: 59 })
    expect(failureOf(append)).toMatchObject({ ...PROTOCOL, operation: 'append' })
  })
})

describe('an error reply is what its code word says, whatever the sentence', () => {
  test.each<readonly [string, Failure]>([
    ['LOADING', { code: 'ERR_STORE_UNAVAILABLE', reason: 'loading' }],
    ['CLUSTERDOWN', { code: 'ERR_STORE_UNAVAILABLE', reason: 'cluster-down' }],
    ['READONLY', { code: 'ERR_STORE_NOT_PRIMARY', reason: 'readonly' }],
    ['MASTERDOWN', { code: 'ERR_STORE_NOT_PRIMARY', reason: 'readonly' }],
    ['NOREPLICAS', { code: 'ERR_STORE_NOT_PRIMARY', reason: 'no-replicas' }],
    ['MOVED', { code: 'ERR_STORE_NOT_PRIMARY', reason: 'redirect' }],
    ['ASK', { code: 'ERR_STORE_NOT_PRIMARY', reason: 'redirect' }],
    ['TRYAGAIN', { code: 'ERR_STORE_NOT_PRIMARY', reason: 'redirect' }],
    ['MISCONF', { code: 'ERR_STORE_NOT_DURABLE', reason: 'misconf' }],
    ['OOM', { code: 'ERR_STORE_OUT_OF_MEMORY' }],
    ['NOAUTH', { code: 'ERR_STORE_ACCESS', reason: 'auth' }],
    ['NOPERM', { code: 'ERR_STORE_ACCESS', reason: 'permission' }],
    ['WRONGTYPE', { code: 'ERR_STORE_UNDECODABLE', reason: 'value' }],
    ['ERR', PROTOCOL],
    ['BUSY', PROTOCOL],
    ['NEVERHEARD', PROTOCOL],
  ])('%s', async (code, failure) => {
    const error = reply.error(`${code} hunter2 'taint:v1:hunter2'`)
    const load = await lieTo(instead('SMEMBERS', error), (store) => store.loadLabels('s'))
    expect(failureOf(load)).toMatchObject({ ...failure, serverCode: code })
    expect(JSON.stringify(failureOf(load))).not.toContain('hunter2')
    const append = await lieTo(instead('EXEC', error), (store) => store.appendLabels('s', ['NEW']))
    expect(failureOf(append)).toMatchObject({ ...failure, serverCode: code, indeterminate: false })
  })

  test('a word that is no code word is not repeated', async () => {
    const lie = instead('SMEMBERS', reply.error('hunter2 is not a member'))
    const error = failureOf(await lieTo(lie, (store) => store.loadLabels('s')))
    expect(error).toMatchObject(PROTOCOL)
    expect(error.serverCode).toBeUndefined()
    expect(error.message).not.toContain('hunter2')
  })
})

test('a refused refresh is an alarm, and the labels that were read are returned', async () => {
  using alarms = new Recording('indelible:alarm')
  const lie = instead('EXPIRE', reply.error('NOPERM x'))
  const load = await lieTo(lie, (store) => store.loadLabels('s'), { ttlSeconds: 59 })
  expect(labelsOf(load)).toEqual(HELD)
  expect(alarms.named('session_store_ttl_refresh_failed')).toEqual([
    { name: 'session_store_ttl_refresh_failed', kind: 'valkey', serverCode: 'NOPERM', count: 1 },
  ])
})
