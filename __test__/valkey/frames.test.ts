// What does not fit one frame, one buffer or one table: nothing of it is lost or mixed up.

import { randomUUID } from 'node:crypto'

import { MAX_LABEL_BYTES, MAX_LABELS_PER_CALL, MAX_SESSIONS_PER_CALL, ReadonlyLabelSet } from 'indelible'
import { expect, test } from 'vitest'

import { ownServer } from '../support/servers.js'
import { labelsOf, openStore } from './support/store.js'

const server = ownServer()

/** The largest label there is, in characters of two bytes but for its beginning. */
function largest(name: string): string {
  return name.padEnd(MAX_LABEL_BYTES / 2 + name.length / 2, 'ü')
}

test('the largest calls, several in one turn', async () => {
  await using store = await openStore(server(), { commandTimeoutMs: 5_000 })
  const ids = Array.from({ length: MAX_SESSIONS_PER_CALL }, () => randomUUID())
  const labels = (call: number): string[] =>
    Array.from({ length: MAX_LABELS_PER_CALL }, (_, n) => largest(`${call}-${String(n).padStart(6, '0')}`))
  const calls = [0, 1, 2, 3].map((call) => labels(call))
  for (const label of calls.flat()) expect(Buffer.byteLength(label)).toBe(MAX_LABEL_BYTES)

  const appends = await Promise.all(calls.map((call) => store.appendLabels(ids, call)))
  expect(appends).toEqual(calls.map(() => ({ ok: true })))
  const loads = await Promise.all([ids, ...ids].map((session) => store.loadLabels(session)))
  const all = ReadonlyLabelSet.from(calls.flat()).toJSON()
  for (const load of loads) expect(labelsOf(load)).toEqual(all)
})

test('many operations in one turn', async () => {
  await using store = await openStore(server(), { commandTimeoutMs: 5_000 })
  const sessions = Array.from({ length: 5_000 }, () => randomUUID())
  const appends = await Promise.all(
    sessions.map((session) => store.appendLabels(session, [session.slice(0, 1)])),
  )
  expect(appends.filter(({ ok }) => !ok)).toEqual([])
  const loads = await Promise.all(sessions.map((session) => store.loadLabels(session)))
  expect(loads.map((load) => labelsOf(load)[0])).toEqual(sessions.map((session) => session.slice(0, 1)))
})

test('equal sets are one object, which nobody can change', async () => {
  await using store = await openStore(server())
  const [a, b] = [randomUUID(), randomUUID()]
  expect(await store.appendLabels(a, ['PII', 'SECRET'])).toEqual({ ok: true })
  expect(await store.appendLabels(b, ['SECRET', 'PII'])).toEqual({ ok: true })
  const [first, second, union] = await Promise.all([
    store.loadLabels(a),
    store.loadLabels(b),
    store.loadLabels([a, b]),
  ])
  expect(labelsOf(first)).toEqual(['PII', 'SECRET'])
  expect(second).toBe(first)
  expect(union).toBe(first)
  expect(Object.isFrozen(first)).toBe(true)
})

test('more distinct label sets than are remembered: each session still gets its own', async () => {
  await using store = await openStore(server(), { commandTimeoutMs: 5_000 })
  // Over a kibibyte each, so that the 16 mebibytes that either side keeps of them do not hold all.
  const labelsFor = (session: string): string[] =>
    [0, 1, 2, 3].map((n) => `${n}-${session}`.padEnd(MAX_LABEL_BYTES, '.'))
  const sessions = Array.from({ length: 25_000 }, () => randomUUID())
  const slices = Array.from({ length: 25 }, (_, n) => sessions.slice(n * 1_000, (n + 1) * 1_000))
  for (const slice of slices) {
    const appends = await Promise.all(slice.map((session) => store.appendLabels(session, labelsFor(session))))
    expect(appends.filter(({ ok }) => !ok)).toEqual([])
  }
  const [first = ''] = sessions
  let forgotten = 0
  const early = await store.loadLabels(first)
  expect(await store.loadLabels(first)).toBe(early)
  // Twice: what was forgotten in between is learnt again.
  for (const slice of [...slices, ...slices]) {
    const loads = await Promise.all(slice.map((session) => store.loadLabels(session)))
    loads.forEach((load, n) => expect(labelsOf(load)).toEqual(labelsFor(slice[n] ?? '')))
    if (slice !== slices[0]) continue
    const again = await store.loadLabels(first)
    if (again !== early) forgotten += 1
  }
  expect(forgotten).toBe(1)
})
