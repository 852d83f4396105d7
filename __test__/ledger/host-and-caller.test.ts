// Lines 3, 4, 16, 18, 19, 21, 22 and 26 of docs/soundness.md: losses that the host or its caller brings about. The
// mechanism cannot be switched off, so each stands beside the code that one would write without it.

import { createHash, randomUUID } from 'node:crypto'

import {
  type AppendResult,
  ConfigError,
  type LoadResult,
  MemorySessionStore,
  ReadonlyLabelSet,
  type SessionStore,
  openSessionStore,
} from 'indelible'
import { type Verdict, resolveSession, runPhase } from 'indelible/enforcement'
import { ScriptedSessionStore } from 'indelible/testing'
import { describe, expect, test } from 'vitest'

import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { Recording } from '../valkey/support/recording.js'
import { failureOf, labelsOf, openStore } from '../valkey/support/store.js'

const server = ownServer()

const ALLOW: Verdict = { allow: true }
const DOWN = { code: 'ERR_STORE_UNAVAILABLE', reason: 'refused' } as const

describe('3: two nodes add a label at once', () => {
  test('reading, changing and writing back loses one of them', async () => {
    await using one = await connect(server().port)
    await using two = await connect(server().port)
    const key = `naive:${randomUUID()}`
    const [seenByOne, seenByTwo] = await Promise.all([one.send('GET', key), two.send('GET', key)])
    await one.send('SET', key, `${String(seenByOne ?? '')},OF-ONE`)
    await two.send('SET', key, `${String(seenByTwo ?? '')},OF-TWO`)
    expect(await one.send('GET', key)).not.toContain('OF-ONE')
  })

  test('two stores that append at once keep both', async () => {
    await using one = await openStore(server())
    await using two = await openStore(server())
    const session = randomUUID()
    for (let n = 0; n < 50; n++) {
      const both = [one.appendLabels(session, [`one-${n}`]), two.appendLabels(session, [`two-${n}`])]
      expect(await Promise.all(both)).toEqual([{ ok: true }, { ok: true }])
    }
    expect(labelsOf(await one.loadLabels(session))).toHaveLength(100)
  })
})

describe('4: the append fails after the action ran', () => {
  const appendsFail = (): ScriptedSessionStore =>
    new ScriptedSessionStore(({ operation }) => (operation === 'append' ? DOWN : undefined))

  test('a host that runs the action first has released what it did not label', async () => {
    const store = appendsFail()
    const session = randomUUID()
    const released = await Promise.resolve('the customer list')
    await store.appendLabels(session, ['PII']) // and nobody waits to hear how that ended
    expect(released).toBe('the customer list')
    expect(labelsOf(await store.loadLabels(session))).toEqual([])
  })

  test.each(['pre', 'post'] as const)('in phase %s the host is told not to go on', async (phase) => {
    const outcome = await runPhase(appendsFail(), {
      phase,
      keys: { session: randomUUID() },
      evaluate({ taint }) {
        taint('PII')
        return ALLOW
      },
    })
    expect(outcome).toMatchObject({
      continue: false,
      violation: { code: 'session.persist_failed' },
      error: DOWN,
      appended: [],
    })
  })
})

describe('16: two session ids become one, or one becomes two', () => {
  const LONE = ['a\ud800', 'a\udfff'] as const

  test('UTF-8 as Node.js writes it folds different lone surrogates', () => {
    expect(Buffer.from(LONE[0])).toEqual(Buffer.from(LONE[1]))
  })

  test('joining the parts with a colon folds different parts', () => {
    const joined = (...parts: readonly string[]): string => parts.join(':')
    expect(joined('alice:foo', 'bar')).toBe(joined('alice', 'foo:bar'))
  })

  test('24 bits of a hash fold ids by the ten thousand', () => {
    const short = (id: number): string => createHash('sha256').update(String(id)).digest('hex').slice(0, 6)
    const shorts = new Set(Array.from({ length: 20_000 }, (_, id) => short(id)))
    expect(shorts.size).toBeLessThan(20_000)
  })

  test('ill-formed ids are refused', async () => {
    await using store = await openStore(server())
    for (const id of LONE) {
      expect(failureOf(await store.appendLabels(id, ['PII'])).code).toBe('ERR_STORE_INVALID_ARGUMENT')
    }
    expect(() => resolveSession({ subject: LONE[0] })).toThrow(TypeError)
  })

  test('parts are told apart, and ids that look alike are different sessions', async () => {
    const key = (subject: string, sessionClaim: string): unknown =>
      resolveSession({ subject, sessionClaim }).keys.session
    expect(key('alice:foo', 'bar')).not.toBe(key('alice', 'foo:bar'))

    await using store = await openStore(server())
    const id = randomUUID()
    const alike = [id, `${id} `, `${id}\0`, ` ${id}`, id.toUpperCase(), `${id}é`, `${id}e\u0301`]
    for (const [n, session] of alike.entries()) {
      expect(await store.appendLabels(session, [`of-${n}`])).toEqual({ ok: true })
    }
    for (const [n, session] of alike.entries()) {
      expect(labelsOf(await store.loadLabels(session))).toEqual([`of-${n}`])
    }
  })
})

describe('18: a memory store in a fleet', () => {
  test('a node does not see what another has stored', async () => {
    await using one = new MemorySessionStore()
    await using two = new MemorySessionStore()
    expect(await one.appendLabels('s', ['PII'])).toEqual({ ok: true })
    expect(labelsOf(await two.loadLabels('s'))).toEqual([])
  })

  test('it alarms, and `enforce` refuses it unless it is named', async () => {
    using alarms = new Recording('indelible:alarm')
    await using silent = await openSessionStore()
    expect(silent.kind).toBe('memory')
    expect(alarms.named('session_store_memory')).toHaveLength(1)
    await expect(openSessionStore(undefined, { checks: 'enforce' })).rejects.toThrow(ConfigError)
    await using named = await openSessionStore({ kind: 'memory' }, { checks: 'enforce' })
    expect(named.kind).toBe('memory')
  })
})

describe('19: the caller ignores the error', () => {
  const failing = new ScriptedSessionStore(() => DOWN)

  test('an interface that rejects invites the empty set', async () => {
    const naive = async (): Promise<string[]> => {
      throw failureOf(await failing.loadLabels('s'))
    }
    expect(await naive().catch(() => [])).toEqual([])
  })

  test('a result that failed has no labels to read, in the types and at run time', async () => {
    const result = await failing.loadLabels('s')
    // @ts-expect-error -- labels cannot be read without testing `ok`
    const { labels } = result
    expect(labels).toBeUndefined()
    // @ts-expect-error -- the same
    expect(() => [...result.labels]).toThrow(TypeError)
  })
})

describe('21: a client chooses another session', () => {
  const taintedWith = async (store: SessionStore, scope: 'session' | 'principal'): Promise<string[]> => {
    const of = (sessionHeader: string): ReturnType<typeof resolveSession> =>
      resolveSession({ subject: 'alice', sessionHeader })
    await runPhase(store, {
      phase: 'pre',
      keys: of('first').keys,
      evaluate({ taint }) {
        taint('PII', scope)
        return ALLOW
      },
    })
    const second = of('second')
    expect(second.clientChosen).toBe(true) // which a host is to raise an alarm about
    const outcome = await runPhase(store, { phase: 'pre', keys: second.keys, evaluate: () => ALLOW })
    return [...(outcome.labels ?? [])]
  }

  test('and leaves behind what sticks to the session', async () => {
    expect(await taintedWith(new MemorySessionStore(), 'session')).toEqual([])
  })

  test('and takes along what sticks to the principal', async () => {
    expect(await taintedWith(new MemorySessionStore(), 'principal')).toEqual(['PII'])
  })
})

describe('22: the client has gone when its label is written', () => {
  test('a write that is tied to its life is not made', async () => {
    const [store, client] = [new MemorySessionStore(), new AbortController()]
    client.abort()
    failureOf(await store.appendLabels('s', ['PII'], { signal: client.signal }))
    expect(labelsOf(await store.loadLabels('s'))).toEqual([])
  })

  test.each<readonly [string, Verdict]>([
    ['allowed', ALLOW],
    ['denied', { allow: false, violation: { code: 'policy.no', message: 'no' } }],
  ])('ours is, when the request was %s', async (_, verdict) => {
    await using store = await openStore(server())
    const [session, client] = [randomUUID(), new AbortController()]
    await runPhase(store, {
      phase: 'pre',
      keys: { session },
      signal: client.signal,
      evaluate({ taint }) {
        taint('PII')
        client.abort()
        return verdict
      },
    })
    expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
  })
})

describe('26: a caller changes a set that others share', () => {
  test('a frozen Set can be emptied', () => {
    const shared: Set<string> = Object.freeze(new Set(['PII']))
    Set.prototype.clear.call(shared)
    expect(shared.size).toBe(0)
  })

  test('a label set cannot', async () => {
    await using store = await openStore(server())
    const session = randomUUID()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
    const load = async (): Promise<LoadResult> => store.loadLabels(session)
    const first = await load()
    if (!first.ok) throw first.error
    const { labels } = first
    expect(ReadonlyLabelSet.is(labels)).toBe(true)
    for (const method of ['clear', 'add', 'delete'] as const) {
      expect(() => Reflect.apply(Set.prototype[method], labels, ['PII'])).toThrow(TypeError)
    }
    labels.toJSON().length = 0
    expect(Reflect.set(labels, 'has', () => false)).toBe(false)
    expect(Reflect.set(first, 'labels', ReadonlyLabelSet.from([]))).toBe(false)
    expect(labelsOf(first)).toEqual(['PII'])
    expect(labelsOf(await load())).toEqual(['PII'])
  })

  test('nor can what an append answers be made to say something else', async () => {
    await using store = await openStore(server())
    const append: AppendResult = await store.appendLabels(randomUUID(), ['PII'])
    expect(Reflect.set(append, 'ok', false)).toBe(false)
  })
})
