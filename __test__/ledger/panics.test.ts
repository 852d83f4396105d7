// Line 20 of docs/soundness.md: a promise that never settles. A panic of the native engine is an answer like any other
// failure, and the process goes on; what is dropped all the same is found by a watchdog.

import { randomUUID } from 'node:crypto'

import { describe, expect, test, vi } from 'vitest'

import { loadNativeAddon } from '../../src/native-addon.js'
import { FrameEngine } from '../../src/frames/frame-engine.js'
import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { keyOf, labelsOf, openStore } from '../valkey/support/store.js'
import { needsSwitchedAddon } from './support/ledger.js'
import { type RemoteAppend, type RemoteError, RemoteStore } from './support/remote-store.js'

needsSwitchedAddon()
const server = ownServer()

const STAGES = ['dispatch', 'write', 'accept', 'finish'] as const
/** A result that is no success. */
type RemoteFailure = { readonly error: RemoteError }

const INTERNAL = { ok: false, error: { code: 'ERR_STORE_INTERNAL' } }

describe.each(['submit', ...STAGES] as const)('a panic when the stage is %s', (stage) => {
  test.each(['load', 'append'] as const)('ends the %s, and nothing else', async (operation) => {
    await using admin = await connect(server().port)
    await using store = await RemoteStore.open({ addon: 'switched' }, { endpoint: server().url })
    const [session, victim] = [randomUUID(), `panic:${stage}:${randomUUID()}`]
    expect(await store.append(session, ['BEFORE'])).toEqual({ ok: true })
    expect(await store.load(session)).toEqual({ ok: true, labels: ['BEFORE'] })

    const result = operation === 'load' ? await store.load(victim) : await store.append(victim, ['LABEL'])
    expect(result).toMatchObject(INTERNAL)
    // Once it has been sent, nobody can tell any more whether it has been done; else it must not have been.
    if (operation === 'append') {
      const { indeterminate } = (result as RemoteFailure).error
      if (stage === 'accept' || stage === 'finish') expect(indeterminate).toBe(true)
      if (indeterminate !== true) expect(await admin.send('EXISTS', keyOf(victim))).toBe(0)
    }
    expect(store.isAlive).toBe(true)

    // The ids of label sets are not used again: a set of another session is not the one that was known by that id.
    for (let n = 0; n < 5; n++) {
      const fresh = randomUUID()
      expect(await store.append(fresh, [`label-${n}`])).toEqual({ ok: true })
      expect(await store.load(fresh)).toEqual({ ok: true, labels: [`label-${n}`] })
    }
    expect(await store.load(session)).toEqual({ ok: true, labels: ['BEFORE'] })

    // What the node knew, it still knows.
    await admin.send('DEL', keyOf(session))
    expect(await store.load(session)).toEqual({ ok: true, labels: ['BEFORE'] })
    expect(await store.alarms()).toContain('session_store_label_regression')
  })
})

test('those that travel with it get the same answer, and no answer of another', async () => {
  const config = { endpoint: server().url, connections: 1, breaker: { failures: 1_000 } }
  await using store = await RemoteStore.open({ addon: 'switched' }, config)
  const sessions = Array.from({ length: 20 }, () => randomUUID())
  for (const session of sessions) expect(await store.append(session, [session])).toEqual({ ok: true })
  for (const stage of STAGES) {
    const loads = [`panic:${stage}:x`, ...sessions].map(async (session) => ({
      session,
      load: await store.load(session),
    }))
    for (const { session, load } of await Promise.all(loads)) {
      if (load.ok) expect(load.labels).toEqual([session])
      else expect(load).toMatchObject({ error: { code: expect.stringMatching(/INTERNAL|UNAVAILABLE/) } })
    }
  }
})

test('appends of the same turn: what is said not to have happened has not', async () => {
  await using admin = await connect(server().port)
  const config = { endpoint: server().url, connections: 1, breaker: { failures: 1_000 } }
  await using store = await RemoteStore.open({ addon: 'switched' }, config)
  for (const stage of STAGES) {
    const sessions = [...Array.from({ length: 9 }, () => randomUUID()), `panic:${stage}:${randomUUID()}`]
    const results = (await store.ask('appendAll', sessions, ['PII'])) as RemoteAppend[]
    for (const [n, result] of results.entries()) {
      const held = await admin.send('SISMEMBER', keyOf(sessions[n] ?? ''), 'PII')
      if (result.ok) expect(held).toBe(1)
      else if (result.error['indeterminate'] !== true) expect(held, stage).toBe(0)
    }
    expect(results.at(-1)).toMatchObject(INTERNAL)
  }
})

test('after a panic at each stage, the store still keeps its whole contract', async () => {
  const config = { endpoint: server().url, breaker: { failures: 1_000 } }
  await using store = await RemoteStore.open({ addon: 'switched' }, config)
  for (const stage of STAGES) expect(await store.load(`panic:${stage}:x`)).toMatchObject(INTERNAL)
  const { count, failed } = (await store.ask('contract', { kind: 'valkey', ...config })) as {
    count: number
    failed: string[]
  }
  expect(failed).toEqual([])
  expect(count).toBeGreaterThan(20)
})

test('the addon that is shipped has no switches', async () => {
  delete process.env['INDELIBLE_NATIVE_PATH']
  const addon = await loadNativeAddon('store')
  expect(addon.testSwitches()).toBe(false)
  await using store = await openStore(server())
  for (const stage of STAGES) {
    const session = `panic:${stage}:${randomUUID()}`
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
    expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
  }
  // Nor does it listen to the variable that names them.
  await using remote = await RemoteStore.open(
    { addon: 'shipped', off: ['decoding'] },
    { endpoint: server().url },
  )
  await using admin = await connect(server().port)
  const session = randomUUID()
  await admin.send('SET', keyOf(session), 'no set')
  expect(await remote.load(session)).toMatchObject({ ok: false, error: { code: 'ERR_STORE_UNDECODABLE' } })
})

test('the addon with switches says that it has them', async () => {
  await using store = await RemoteStore.start({ addon: 'switched' })
  expect(await store.ask('switches')).toBe(true)
})

describe('an engine that never answers', () => {
  const native = {
    deadlineMs: 200,
    maxInFlight: 100,
    submit: () => true,
    drain: () => 0,
    health: () => null,
    close: () => undefined,
    giveCredentials: () => undefined,
  }

  test('leaves its caller waiting for ever, unless a watchdog looks', async () => {
    vi.useFakeTimers()
    try {
      const engine = new FrameEngine('valkey', () => native)
      const settled = vi.fn<(result: unknown) => void>()
      void engine.load(['s'], undefined).then(settled)
      await vi.advanceTimersByTimeAsync(1_000) // D is long past, and nothing else would ever happen
      expect(settled).not.toHaveBeenCalled()
      await vi.advanceTimersByTimeAsync(1_000)
      const error = { code: 'ERR_STORE_TIMEOUT', reason: 'command' }
      expect(settled.mock.calls).toMatchObject([[{ ok: false, error }]])
    } finally {
      vi.useRealTimers()
    }
  })
})
