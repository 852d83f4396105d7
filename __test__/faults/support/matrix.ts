// The fault matrix: every fault, at every moment of an operation, for both operations. One cell is one test.

import { randomUUID } from 'node:crypto'

import { type AppendResult, type LoadResult, type SessionStore, ValkeySessionStore } from 'indelible'
import { describe, expect, test } from 'vitest'

import { type RespClient, connect } from '../../support/resp.js'
import { type ServerOptions, type TestServer, startServer } from '../../../scripts/test-server.mjs'
import { failureOf, keyOf, labelsOf, openStore, recovered } from '../../valkey/support/store.js'
import { Gate } from './gate.js'

/** When a fault strikes: all but the first find a connection that has worked. */
const MOMENTS = ['before connect', 'idle', 'request written', 'read done, proof not', 'reply cut'] as const
export type Moment = (typeof MOMENTS)[number]

const OPERATIONS = ['load', 'append'] as const
export type Operation = (typeof OPERATIONS)[number]

/** Long enough for a fault to strike while an operation is held back, on a busy machine. */
const TIMING = { connectTimeoutMs: 750, commandTimeoutMs: 1_000 } as const
/** D at those settings and one retry, in milliseconds. */
const DEADLINE_MS = 2 * (750 + 1_000) + 50
/** What a busy machine may add to a bound that is measured from outside, in milliseconds. */
const SLACK_MS = 500
/** Connections of a store, by default. */
const CONNECTIONS = 2

/** What an operation must end as. `indeterminate` is what an append's error must say; a load's is always false. */
export type Expected =
  | 'ok'
  | { readonly code: string; readonly reason?: string; readonly indeterminate?: boolean }

/** The same failure of an append that may have happened. */
export function maybe(failure: Exclude<Expected, 'ok'>): Expected {
  return { ...failure, indeterminate: true }
}

/** Where a fault strikes. */
export interface Scene {
  readonly server: TestServer
  /** Between the store and the server. */
  readonly gate: Gate
  readonly store: ValkeySessionStore
  /** A connection of its own, which outlives what happens to the store's. */
  readonly admin: RespClient
  /** The session that the operations are about. */
  readonly session: string
}

/** What both operations must end as. */
type Ends = readonly [load: Expected, append: Expected]

/** One row. */
export interface Fault {
  readonly name: string
  readonly options?: ServerOptions
  /** Of the store, besides the endpoint. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Once for the server of this row, before anything happens. */
  readonly prepare?: (admin: RespClient, server: TestServer) => Promise<unknown>
  readonly strike: (scene: Scene) => Promise<unknown>
  readonly heal: (scene: Scene) => Promise<unknown>
  /** For each moment what a load and what an append must end as; `undefined` where the fault says nothing. */
  readonly ends: Readonly<Record<Moment, Ends | undefined>>
  /** It removes labels: a store that connects only afterwards cannot know of them. */
  readonly forgets?: boolean
}

/** The same at every moment; an append that had been sent before the fault struck may have happened. */
export function always(load: Expected, append: Expected, late: Expected = append): Record<Moment, Ends> {
  return {
    'before connect': [load, append],
    idle: [load, append],
    'request written': [load, append],
    'read done, proof not': [load, late],
    'reply cut': [load, late],
  }
}

const STOPS = {
  'request written': 'requests',
  'read done, proof not': 'proof',
  'reply cut': 'replies',
} as const

/** The label that was acknowledged before, and the one that the append at hand adds. */
const [BEFORE, DURING] = ['BEFORE', 'DURING']

/** Registers the tests of one row. */
export function faultTests(fault: Fault): void {
  describe(`a server ${fault.name}`, () => {
    for (const moment of MOMENTS) {
      const ends = fault.ends[moment]
      if (ends === undefined) continue
      // oxlint-disable-next-line vitest/expect-expect -- `cell` is the assertion
      test.each(OPERATIONS)(`${moment}: %s`, async (operation) => {
        await using server = await startServer(fault.options)
        await using admin = await connect(server.port)
        await fault.prepare?.(admin, server)
        await cell(fault, { moment, operation, expected: ends[operation === 'load' ? 0 : 1] }, server, admin)
      })
    }
  })
}

interface Cell {
  readonly moment: Moment
  readonly operation: Operation
  readonly expected: Expected
}

async function cell(
  fault: Fault,
  { moment, operation, expected }: Cell,
  server: TestServer,
  admin: RespClient,
): Promise<void> {
  await using gate = await Gate.open(server.port)
  const settings = { kind: 'valkey', endpoint: gate.url, ...TIMING, ...fault.settings }
  await using store = await ValkeySessionStore.open(settings)
  const scene: Scene = { server, gate, store, admin, session: randomUUID() }
  await using writer = await openStore(server, fault.settings)
  expect(await writer.appendLabels(scene.session, [BEFORE])).toEqual({ ok: true })
  const known = moment !== 'before connect'
  if (known) expect(labelsOf(await store.loadLabels(scene.session))).toEqual([BEFORE])

  const stop = moment in STOPS ? STOPS[moment as keyof typeof STOPS] : undefined
  if (stop !== undefined) gate.hold(stop)
  const early = stop === undefined ? undefined : timed(store, operation, scene.session)
  if (stop !== undefined) await expect.poll(() => gate.isHolding, { interval: 2 }).toBe(true)
  const [struckAt, connectionsBefore] = [performance.now(), gate.connections]
  await fault.strike(scene)
  if (stop === 'replies') gate.cut(7)
  else gate.release()
  const { result, wallMs } = await (early ?? timed(store, operation, scene.session))

  const outageSeconds = (performance.now() - struckAt) / 1_000
  expect(gate.connections - connectionsBefore).toBeLessThanOrEqual(CONNECTIONS * (1 + outageSeconds))
  expect(wallMs).toBeLessThan(DEADLINE_MS + SLACK_MS)
  judge(result, operation, expected)
  const mustHold = known || fault.forgets !== true ? [BEFORE] : []
  if (operation === 'load' && result.ok)
    expect(labelsOf(result as LoadResult)).toEqual(expect.arrayContaining(mustHold))

  await fault.heal(scene)
  const labels = await recovered(store, scene.session)
  expect(labels).toEqual(expect.arrayContaining(mustHold))
  if (operation === 'append') {
    if (result.ok) expect(labels).toContain(DURING)
    else if (!result.error.indeterminate) expect(labels).not.toContain(DURING)
  }
}

/** Starts an operation and clocks it from now. */
async function timed(
  store: SessionStore,
  operation: Operation,
  session: string,
): Promise<{ readonly result: LoadResult | AppendResult; readonly wallMs: number }> {
  const start = performance.now()
  const result = await (operation === 'load'
    ? store.loadLabels(session)
    : store.appendLabels(session, [DURING]))
  return { result, wallMs: performance.now() - start }
}

function judge(result: LoadResult | AppendResult, operation: Operation, expected: Expected): void {
  if (expected === 'ok') {
    if (!result.ok) throw result.error
    return
  }
  const error = failureOf(result)
  expect(error).toMatchObject({ indeterminate: false, ...expected, operation })
  expect(error.elapsedMs).toBeLessThanOrEqual(DEADLINE_MS)
}

/** The key of the scene's session. */
export function keyIn({ session }: Scene): string {
  return keyOf(session)
}
