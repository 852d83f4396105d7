import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

import { MAX_LABELS_PER_CALL, MemorySessionStore, ReadonlyLabelSet } from 'indelible'
import type { AppendResult, LoadResult, SessionStore } from 'indelible'
import { runPhase } from 'indelible/enforcement'
import type { PhaseContext, PhaseInput, PhaseOutcome, SessionKeys, Verdict } from 'indelible/enforcement'
import { ScriptedSessionStore } from 'indelible/testing'
import { describe, expect, test } from 'vitest'

const ALLOW: Verdict = { allow: true }

async function labelsOf(store: SessionStore, session: string): Promise<string[]> {
  const result = await store.loadLabels(session)
  return result.ok ? [...result.labels] : expect.fail(result.error.message)
}

function bothKeys(): { readonly session: string; readonly principal: string } {
  return { session: randomUUID(), principal: randomUUID() }
}

function run(
  store: SessionStore,
  keys: SessionKeys,
  act: (context: PhaseContext) => unknown,
): Promise<PhaseOutcome> {
  return runPhase(store, {
    phase: 'pre',
    keys,
    async evaluate(context) {
      await act(context)
      return ALLOW
    },
  })
}

describe('scopes', () => {
  const taintBoth = ({ taint }: PhaseContext): void => {
    taint('of-session')
    taint('of-principal', 'principal')
  }

  test('session and principal are loaded together, in one call', async () => {
    const keys = bothKeys()
    const store = new ScriptedSessionStore()
    await store.appendLabels(keys.session, ['of-session'])
    await store.appendLabels(keys.principal, ['of-principal'])
    const outcome = await run(store, keys, ({ labels }) =>
      expect([...labels]).toEqual(['of-principal', 'of-session']),
    )
    expect(outcome.continue).toBe(true)
    const loads = store.calls.filter(({ operation }) => operation === 'load')
    expect(loads.map(({ sessions }) => sessions)).toEqual([[keys.session, keys.principal]])
  })

  test('each label goes to the id of its scope', async () => {
    const keys = bothKeys()
    const store = new MemorySessionStore()
    const outcome = await run(store, keys, taintBoth)
    expect(outcome).toMatchObject({ continue: true, appended: ['of-session', 'of-principal'] })
    expect(await labelsOf(store, keys.session)).toEqual(['of-session'])
    expect(await labelsOf(store, keys.principal)).toEqual(['of-principal'])
  })

  test.each(['session', 'principal'] as const)('with a %s alone, both scopes mean it', async (only) => {
    const id = randomUUID()
    const store = new ScriptedSessionStore()
    const outcome = await run(store, { [only]: id }, taintBoth)
    expect(outcome.continue).toBe(true)
    expect(await labelsOf(store, id)).toEqual(['of-principal', 'of-session'])
    expect(store.calls.filter(({ operation }) => operation === 'append')).toHaveLength(1)
  })

  test('a label of the principal that only the session holds is appended to the principal', async () => {
    const keys = bothKeys()
    const store = new MemorySessionStore()
    await store.appendLabels(keys.session, ['pii'])
    const outcome = await run(store, keys, ({ taint }) => taint('pii', 'principal'))
    expect(outcome.appended).toEqual(['pii'])
    const next = await run(store, { ...keys, session: randomUUID() }, () => undefined)
    expect(next.labels?.has('pii')).toBe(true)
  })

  test('a label that the principal holds is not appended again, neither to it nor to its session', async () => {
    const keys = bothKeys()
    const store = new ScriptedSessionStore()
    await store.appendLabels(keys.principal, ['pii'])
    const outcome = await run(store, keys, ({ taint }) => {
      taint('pii')
      taint('pii', 'principal')
    })
    expect(outcome).toMatchObject({ continue: true, appended: [] })
    expect(store.calls.map(({ operation }) => operation)).toEqual(['append', 'load', 'load'])
  })

  test('a label whose holder cannot be found out is appended again', async () => {
    const keys = bothKeys()
    const store = new ScriptedSessionStore(({ operation, sessions }) =>
      operation === 'load' && sessions.length === 1
        ? { code: 'ERR_STORE_TIMEOUT', reason: 'command' }
        : undefined,
    )
    await store.appendLabels(keys.session, ['pii'])
    const outcome = await run(store, keys, ({ taint }) => taint('pii', 'principal'))
    expect(outcome).toMatchObject({ continue: true, appended: ['pii'] })
    expect(store.calls.at(-1)).toMatchObject({
      operation: 'append',
      sessions: [keys.principal],
      labels: ['pii'],
    })
  })

  test('one scope failing denies, and tells what the other has stored', async () => {
    const keys = bothKeys()
    const store = new ScriptedSessionStore(({ operation, sessions }) =>
      operation === 'append' && sessions.includes(keys.principal)
        ? { code: 'ERR_STORE_OUT_OF_MEMORY' }
        : undefined,
    )
    const outcome = await run(store, keys, taintBoth)
    expect(outcome).toMatchObject({
      continue: false,
      violation: { code: 'session.persist_failed' },
      error: { code: 'ERR_STORE_OUT_OF_MEMORY', operation: 'append' },
      appended: ['of-session'],
    })
    expect(await labelsOf(store, keys.session)).toEqual(['of-session'])
  })

  test('more labels than one call may carry are split', async () => {
    const keys = { session: randomUUID() }
    const store = new ScriptedSessionStore()
    const labels = Array.from({ length: MAX_LABELS_PER_CALL + 1 }, (_, index) => `label-${index}`)
    const outcome = await run(store, keys, ({ taint }) => {
      for (const label of labels) taint(label)
    })
    expect(outcome).toMatchObject({ continue: true, appended: labels })
    const sizes = store.calls
      .filter(({ operation }) => operation === 'append')
      .map((call) => call.labels.length)
    expect(sizes).toEqual([MAX_LABELS_PER_CALL, 1])
  })
})

describe('the policy', () => {
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['true', true],
    ['a truthy allow', { allow: 1 }],
    ['no allow', {}],
    ['a denial without violation', { allow: false }],
    ['a denial with half a violation', { allow: false, violation: { code: 'x' } }],
  ])('that answers %s denies with policy.failed, and its labels persist', async (_, verdict) => {
    const keys = { session: randomUUID() }
    const store = new MemorySessionStore()
    const outcome = await runPhase(store, {
      phase: 'pre',
      keys,
      evaluate({ taint }) {
        taint('pii')
        return verdict as Verdict
      },
    })
    expect(outcome).toMatchObject({
      continue: false,
      violation: { code: 'policy.failed' },
      appended: ['pii'],
    })
    expect(!outcome.continue && outcome.cause).toBeInstanceOf(TypeError)
    expect(await labelsOf(store, keys.session)).toEqual(['pii'])
  })

  test('that throws hands its error to the host', async () => {
    const cause = new Error('broken policy')
    const outcome = await run(new MemorySessionStore(), {}, () => Promise.reject(cause))
    expect(outcome).toMatchObject({ continue: false, violation: { code: 'policy.failed' }, cause })
  })

  test('that is missing denies', async () => {
    const outcome = await runPhase(new MemorySessionStore(), { phase: 'pre' } as PhaseInput)
    expect(outcome).toMatchObject({ continue: false, violation: { code: 'policy.failed' } })
  })

  test('cannot change its verdict once given', async () => {
    const verdict = { allow: false as const, violation: { code: 'policy.leak', message: 'It would leak.' } }
    const outcome = await runPhase(new MemorySessionStore(), { phase: 'pre', evaluate: () => verdict })
    verdict.violation.code = 'changed'
    expect(!outcome.continue && outcome.violation.code).toBe('policy.leak')
  })

  test.each<[string, unknown[]]>([
    ['an empty label', ['']],
    ['a lone surrogate', ['\ud800']],
    ['a number', [1]],
    ['an unknown scope', ['pii', 'tenant']],
  ])('that adds %s is denied even if it swallows the error; good labels persist', async (_, parameters) => {
    const keys = { session: randomUUID() }
    const store = new MemorySessionStore()
    const outcome = await run(store, keys, ({ taint }) => {
      taint('good')
      expect(() => Reflect.apply(taint, undefined, parameters)).toThrow(TypeError)
    })
    expect(outcome).toMatchObject({
      continue: false,
      violation: { code: 'policy.failed' },
      appended: ['good'],
    })
    expect(await labelsOf(store, keys.session)).toEqual(['good'])
  })

  test('cannot add a label after it has decided', async () => {
    let late: PhaseContext['taint'] | undefined
    const outcome = await run(
      new MemorySessionStore(),
      { session: randomUUID() },
      ({ taint }) => (late = taint),
    )
    expect(outcome.continue).toBe(true)
    expect(() => late?.('pii')).toThrow('already decided')
  })

  test('cannot change what it is given', async () => {
    await run(new MemorySessionStore(), {}, (context) => {
      expect(() => Object.assign(context, { labels: ReadonlyLabelSet.from([]) })).toThrow(TypeError)
      expect(() => Object.assign(context, { taint: () => undefined })).toThrow(TypeError)
      expect.assertions(2)
    })
  })
})

describe('the signal', () => {
  test('ends the load', async () => {
    const outcome = await runPhase(new MemorySessionStore(), {
      phase: 'pre',
      keys: { session: randomUUID() },
      evaluate: () => ALLOW,
      signal: AbortSignal.abort(),
    })
    expect(outcome).toMatchObject({
      continue: false,
      violation: { code: 'session.load_failed' },
      error: { code: 'ERR_STORE_ABORTED' },
    })
  })

  test('never reaches the append: a client that disconnects while the policy decides loses no label', async () => {
    const keys = { session: randomUUID() }
    const store = new ScriptedSessionStore()
    const client = new AbortController()
    const outcome = await runPhase(store, {
      phase: 'post',
      keys,
      evaluate({ taint }) {
        taint('pii')
        client.abort()
        return ALLOW
      },
      signal: client.signal,
    })
    expect(outcome).toMatchObject({ continue: true, appended: ['pii'] })
    expect(store.calls.map(({ operation, signal }) => [operation, signal])).toEqual([
      ['load', client.signal],
      ['append', undefined],
    ])
    expect(await labelsOf(store, keys.session)).toEqual(['pii'])
  })

  test('an abort by the client raises no alarm', async () => {
    const alarms: unknown[] = []
    const record = (alarm: unknown): void => void alarms.push(alarm)
    subscribe('indelible:alarm', record)
    try {
      const store = new MemorySessionStore()
      const input = { phase: 'pre', keys: { session: randomUUID() }, evaluate: () => ALLOW } as const
      await runPhase(store, { ...input, signal: AbortSignal.abort() })
      expect(alarms).toEqual([])
      await store.close()
      await runPhase(store, input)
      expect(alarms).toMatchObject([{ name: 'session_store_failure', code: 'ERR_STORE_CLOSED' }])
    } finally {
      unsubscribe('indelible:alarm', record)
    }
  })
})

describe('a store that breaks its contract', () => {
  const breaking = (answer: () => unknown): Pick<SessionStore, 'loadLabels' | 'appendLabels'> => ({
    loadLabels: async () => (await answer()) as LoadResult,
    appendLabels: async () => (await answer()) as AppendResult,
  })
  const answers: readonly (readonly [string, () => unknown])[] = [
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['answers undefined', () => undefined],
    ['answers an empty object', () => ({})],
    ['answers a truthy ok', () => ({ ok: 1, labels: ReadonlyLabelSet.from([]) })],
    ['answers a failure without error', () => ({ ok: false })],
    ['answers a failure that is not ours', () => ({ ok: false, error: new Error('broken') })],
  ]

  test.each([...answers, ['answers a Set', () => ({ ok: true, labels: new Set() })] as const])(
    'on load (%s) denies',
    async (_, answer) => {
      const store = Object.assign(new MemorySessionStore(), breaking(answer))
      const outcome = await run(store, { session: randomUUID() }, () => expect.fail('the policy ran'))
      expect(outcome).toMatchObject({
        continue: false,
        violation: { code: 'session.load_failed' },
        error: { code: 'ERR_STORE_INTERNAL', operation: 'load' },
      })
    },
  )

  test.each(answers)('on append (%s) denies', async (_, answer) => {
    const { appendLabels } = breaking(answer)
    const store = Object.assign(new MemorySessionStore(), { appendLabels })
    const outcome = await run(store, { session: randomUUID() }, ({ taint }) => taint('pii'))
    expect(outcome).toMatchObject({
      continue: false,
      violation: { code: 'session.persist_failed' },
      error: { code: 'ERR_STORE_INTERNAL', operation: 'append', indeterminate: true },
      appended: [],
    })
  })
})
