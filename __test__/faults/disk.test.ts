// A disk that is slow, full or loses its power: what `durability: { disk: always }` promises, and that nothing less is
// taken for it (docs/soundness.md, line 8).

import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { PowerCutServer } from '../support/fsync-shim.js'
import { failureInTime, failureOf, labelsOf, openStore, recovered } from '../valkey/support/store.js'

const DURABLE = { checks: 'enforce', durability: { disk: 'always' } }
/** `ENOSPC` and `EIO` of Linux. */
const [NO_SPACE, IO_ERROR] = [28, 5]

test('with appendfsync always, a power cut loses nothing that was acknowledged', async () => {
  await using disk = await PowerCutServer.start('always')
  const session = randomUUID()
  await using store = await openStore(disk.server, DURABLE)
  expect(await store.appendLabels(session, ['first'])).toEqual({ ok: true })
  const syncs = await disk.syncs()
  await disk.trouble({ delayMs: 20 })
  const labels = Array.from({ length: 40 }, (_, n) => `label-${n}`)
  const acknowledged: string[] = ['first']
  const writing = Promise.all(
    labels.map(async (label, n) => {
      await new Promise((resolve) => void setTimeout(resolve, n * 5))
      if ((await store.appendLabels(session, [label])).ok) acknowledged.push(label)
    }),
  )
  await expect.poll(() => acknowledged.length, { interval: 5 }).toBeGreaterThan(10)
  await disk.cutPower()
  await writing
  expect(await disk.syncs()).toBeGreaterThan(syncs)

  // A node that knew nothing of it, so that it is the disk that is asked and no ratchet.
  await using fresh = await openStore(disk.server, DURABLE)
  expect(labelsOf(await fresh.loadLabels(session))).toEqual(expect.arrayContaining(acknowledged))
  expect(await recovered(store, session)).toEqual(expect.arrayContaining(acknowledged))
})

test.each(['everysec', 'no'] as const)(
  'with appendfsync %s a store that asks for more refuses the server',
  async (appendfsync) => {
    await using disk = await PowerCutServer.start(appendfsync)
    await using store = await openStore(disk.server, DURABLE)
    const unsafe = { code: 'ERR_STORE_UNSAFE_SERVER', reason: 'durability', indeterminate: false }
    const load = await failureInTime(store.loadLabels(randomUUID()))
    expect(load).toMatchObject(unsafe)
    expect(load.message).toContain('appendfsync always')
    expect(await failureInTime(store.appendLabels(randomUUID(), ['PII']))).toMatchObject(unsafe)
  },
)

test('with appendfsync everysec, a node that knew the labels finds out that the power cut took them', async () => {
  await using disk = await PowerCutServer.start('everysec')
  const session = randomUUID()
  await using store = await openStore(disk.server, { generation: 'off' })
  await disk.trouble({ delayMs: 1_500 })
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  await disk.cutPower()
  expect(await recovered(store, session)).toEqual(['PII'])
  await using fresh = await openStore(disk.server, { generation: 'off' })
  expect(labelsOf(await fresh.loadLabels(session))).toEqual(['PII']) // given back, not only answered
})

test('a disk that is slower than the time-out: the append is late, and may have happened', async () => {
  await using disk = await PowerCutServer.start('always')
  const session = randomUUID()
  await using store = await openStore(disk.server, DURABLE)
  expect(await store.appendLabels(session, ['BEFORE'])).toEqual({ ok: true })
  await disk.trouble({ delayMs: 2_500 })
  const error = await failureInTime(store.appendLabels(session, ['DURING']))
  expect(error).toMatchObject({ code: 'ERR_STORE_TIMEOUT', indeterminate: true })
  await disk.trouble({ delayMs: 0 })
  expect(await recovered(store, session)).toContain('BEFORE')
})

test.each([NO_SPACE, IO_ERROR])('a sync that fails with error %i is no acknowledgement', async (errno) => {
  await using disk = await PowerCutServer.start('always')
  const session = randomUUID()
  await using store = await openStore(disk.server, DURABLE)
  expect(await store.appendLabels(session, ['BEFORE'])).toEqual({ ok: true })
  await disk.trouble({ errno })
  // The server gives up rather than promise what it cannot keep.
  const error = failureOf(await store.appendLabels(session, ['DURING']))
  expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_STORE_(?:UNAVAILABLE|NOT_DURABLE)$/) })
  await disk.cutPower()
  expect(await recovered(store, session)).toContain('BEFORE')
})
