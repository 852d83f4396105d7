// An abort ends a wait. It never ends a write, and it never makes somebody else's answer wrong
// (docs/soundness.md, lines 15 and 22).

import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { failureOf, keyOf, labelsOf, openStore } from './support/store.js'

const server = ownServer()

const ABORTED = { code: 'ERR_STORE_ABORTED', retryable: false }

test('the answer to an abort comes at once, whatever the server does, with the reason as its cause', async () => {
  await using proxy = await FaultProxy.open(server().port)
  await using store = await openStore(proxy)
  const session = randomUUID()
  labelsOf(await store.loadLabels(session))
  await proxy.inject({ kind: 'blackHole' })
  const controller = new AbortController()
  const { signal } = controller
  const calls = Promise.all([
    store.loadLabels(session, { signal }),
    store.appendLabels(session, ['PII'], { signal }),
  ])
  await delay(20)
  const reason = new Error('the client has gone')
  let turns = 0
  setImmediate(() => (turns += 1))
  controller.abort(reason)
  const [load, append] = await calls
  expect(turns).toBe(0) // no timer and no I/O has had its turn before the answers
  expect(failureOf(load)).toMatchObject({
    ...ABORTED,
    operation: 'load',
    indeterminate: false,
    cause: reason,
  })
  expect(failureOf(append)).toMatchObject({
    ...ABORTED,
    operation: 'append',
    indeterminate: true,
    cause: reason,
  })
})

test('the label of an aborted append is written all the same', async () => {
  await using proxy = await FaultProxy.open(server().port)
  await using admin = await connect(server().port)
  await using store = await openStore(proxy)
  const sessions = { sameTurn: randomUUID(), onTheWay: randomUUID(), beforeConnecting: randomUUID() }
  const aborted = async (session: string, wait: () => Promise<unknown>): Promise<void> => {
    const controller = new AbortController()
    const append = store.appendLabels(session, ['PII'], { signal: controller.signal })
    await wait()
    controller.abort()
    expect(failureOf(await append)).toMatchObject({ ...ABORTED, indeterminate: true })
  }
  await aborted(sessions.beforeConnecting, async () => undefined)
  await expect.poll(() => admin.send('EXISTS', keyOf(sessions.beforeConnecting))).toBe(1)
  await proxy.inject({ kind: 'delay', ms: 100 })
  await aborted(sessions.sameTurn, async () => undefined)
  await aborted(sessions.onTheWay, async () => delay(20))
  await proxy.heal()
  for (const session of Object.values(sessions)) {
    await expect.poll(() => admin.send('SMEMBERS', keyOf(session))).toEqual(['PII'])
  }
})

test('a signal that fired before the call: nothing is sent', async () => {
  await using admin = await connect(server().port)
  await using store = await openStore(server())
  const session = randomUUID()
  const signal = AbortSignal.abort()
  expect(failureOf(await store.appendLabels(session, ['PII'], { signal }))).toMatchObject({
    ...ABORTED,
    indeterminate: false,
    attempts: 0,
  })
  labelsOf(await store.loadLabels(session))
  expect(await admin.send('EXISTS', keyOf(session))).toBe(0)
})

test('1,000 aborts at random moments: every answer belongs to its own session', async () => {
  await using store = await openStore(server())
  const sessions = Array.from({ length: 50 }, () => randomUUID())
  await Promise.all(sessions.map((session) => store.appendLabels(session, [session])))

  let aborted = 0
  let answered = 0
  const caller = async (): Promise<void> => {
    while (aborted < 1_000 || answered < 200) {
      const session = sessions[randomInt(sessions.length)] ?? ''
      const controller = new AbortController()
      const call = store.loadLabels(session, { signal: controller.signal })
      // One in five is given all the time it needs: how many turns that is depends on the machine.
      if (randomInt(5) === 0) await call
      else for (let turns = randomInt(30); turns > 0; turns--) await new Promise(setImmediate)
      controller.abort()
      const load = await call
      if (load.ok) answered += 1
      else aborted += 1
      if (load.ok) expect([...load.labels]).toEqual([session])
      else expect(load.error).toMatchObject(ABORTED)
    }
  }
  await Promise.all(Array.from({ length: 40 }, caller))
  for (const session of sessions) expect(labelsOf(await store.loadLabels(session))).toEqual([session])
})
