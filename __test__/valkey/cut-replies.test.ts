// A reply that ends anywhere is no reply: cut at every byte, a load is never a shorter set and an append never ok.

import { randomUUID } from 'node:crypto'

import { type AppendResult, type LoadResult, type SessionStore } from 'indelible'
import { describe, expect, test } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { ownServer } from '../support/servers.js'
import { failureOf, labelsOf, openStore } from './support/store.js'

const server = ownServer()

const LABELS = ['PII', 'SECRET', 'x y', 'ünï']
/** How far apart the cuts of the greeting are, which is some thousand bytes long: a prime, to meet all its parts. */
const GREETING_STRIDE = 61

/** One attempt over one connection; no cut is about time. */
const PATIENT = { connections: 1, retry: { retries: 0 }, connectTimeoutMs: 2_000, commandTimeoutMs: 2_000 }

type Operation = (store: SessionStore, session: string) => Promise<LoadResult | AppendResult>

const load: Operation = async (store, session) => store.loadLabels(session)
const append: Operation = async (store, session) => store.appendLabels(session, LABELS)

/** Runs `operation` once for each length at which its replies are cut, up to the first at which they are whole. */
async function cutEverywhere(
  settings: Readonly<Record<string, unknown>>,
  { operation, stride, warm }: { operation: Operation; stride: number; warm: boolean },
): Promise<{ readonly cuts: number; readonly whole: LoadResult | AppendResult }> {
  await using proxy = await FaultProxy.open(server().port)
  const session = randomUUID()
  await using writer = await openStore(server(), settings)
  expect(await writer.appendLabels(session, LABELS)).toEqual({ ok: true })
  for (let length = 0; ; length += stride) {
    await using store = await openStore(proxy, { ...PATIENT, ...settings })
    if (warm) labelsOf(await store.loadLabels(session))
    await proxy.inject({ kind: 'cut', afterBytes: length, direction: 'toClient' })
    const result = await operation(store, session)
    await proxy.heal()
    if (result.ok) return { cuts: length, whole: result }
    expect(failureOf(result), `cut after ${length} bytes`).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      reason: 'connection-lost',
      indeterminate: warm && operation === append,
    })
  }
}

describe.each<Readonly<Record<string, unknown>>>([{ ttlSeconds: 600 }, { generation: 'off' }])(
  'with %j, the reply of',
  (settings) => {
    test('a load', async () => {
      const { cuts, whole } = await cutEverywhere(settings, { operation: load, stride: 1, warm: true })
      expect(cuts).toBeGreaterThan(LABELS.join('').length)
      expect(labelsOf(whole as LoadResult)).toEqual(LABELS)
    })

    test('an append', async () => {
      const { cuts, whole } = await cutEverywhere(settings, { operation: append, stride: 1, warm: true })
      expect(cuts).toBeGreaterThan('+OK+QUEUED*1:0'.length)
      expect(whole).toEqual({ ok: true })
    })

    test('the greeting', async () => {
      const { cuts, whole } = await cutEverywhere(settings, {
        operation: load,
        stride: GREETING_STRIDE,
        warm: false,
      })
      expect(cuts).toBeGreaterThan(1_000)
      expect(labelsOf(whole as LoadResult)).toEqual(LABELS)
    })
  },
)
