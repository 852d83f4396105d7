// The fault matrix: every fault, at every moment of an operation, for every operation of labels and of storage. A cell
// that would mean nothing is named in its place with the reason.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { RespClient } from '../../support/resp.js'
import type { ServerOptions } from '../../../scripts/test-server.mjs'
import { until } from '../../support/topologies/until.js'
import { type Ends, type Expected, MOMENTS, type Moment, type Nothing } from './ends.js'
import { APPEND, LOAD } from './labels.js'
import { STORAGE } from './records.js'
import { Scene } from './scene.js'
import { type Column, type Outcome, READS, type Subject, type SubjectKind } from './subject.js'
import { type Variant, nameOf } from './variant.js'

/** One row. */
export interface Fault {
  readonly name: string
  readonly options?: ServerOptions
  /** A router stands before everything else. */
  readonly router?: boolean
  /** It is about TLS, so that there is nothing to see in plain text. */
  readonly tlsOnly?: boolean
  /** Once for the server of this row, before anything happens. */
  readonly prepare?: (scene: Scene) => Promise<unknown>
  readonly strike: (scene: Scene, subject: Subject) => Promise<unknown>
  readonly heal: (scene: Scene) => Promise<unknown>
  readonly ends: Readonly<Record<Column, Ends>>
  /** It removes data: a store that connects only afterwards cannot know of it. */
  readonly forgets?: boolean
  /** It is noticed by time-outs. */
  readonly timesOut?: boolean
  /** The server cannot be asked how many connections it has received while it lasts. */
  readonly silences?: boolean
}

const SUBJECTS: readonly (readonly [string, SubjectKind])[] = [
  ['load', LOAD],
  ['append', APPEND],
  ['storage', STORAGE],
]

/** Time-outs of a store, in milliseconds. */
type Timing = Readonly<Record<'connectTimeoutMs' | 'commandTimeoutMs', number>>
/** Long enough for a fault to strike while an operation is held back, on a busy machine. */
const TIMING: Timing = { connectTimeoutMs: 1_000, commandTimeoutMs: 1_500 }
/** For faults that time has no part in, so that a busy machine has none either. */
const AMPLE: Timing = { connectTimeoutMs: 5_000, commandTimeoutMs: 5_000 }
/** D at one retry, in milliseconds. */
const deadlineMs = ({ connectTimeoutMs, commandTimeoutMs }: Timing): number =>
  2 * (connectTimeoutMs + commandTimeoutMs) + 50
/** What a busy machine may add to a bound that is measured from outside, in milliseconds. */
const SLACK_MS = 500
/** Within which a store works again once the fault is over, in milliseconds. */
const RECOVERY_MS = 5_000
/** Connections of a store. */
const CONNECTIONS = 2

const STOPS: Readonly<Partial<Record<Moment, 'requests' | 'proof' | 'replies'>>> = {
  'request written': 'requests',
  'read done, proof not': 'proof',
  'reply cut': 'replies',
}

/** All that the stores of this process have told to whoever listens. */
const told: string[] = []
const CHANNELS = ['indelible:operation', 'indelible:alarm', 'indelible:state']

/** Registers the tests of a group of rows, in each of the variants that it is to be seen in. */
export function faultTests(faults: readonly Fault[], variants: readonly Variant[]): void {
  const rejections: unknown[] = []
  const note = (reason: unknown): unknown => rejections.push(reason)
  const listen = (event: unknown): unknown => told.push(inspect(event, { depth: 9, showHidden: true }))
  beforeAll(() => {
    process.on('unhandledRejection', note)
    for (const channel of CHANNELS) subscribe(channel, listen)
  })
  afterAll(() => {
    process.removeListener('unhandledRejection', note)
    for (const channel of CHANNELS) unsubscribe(channel, listen)
    expect(rejections).toEqual([])
    expect(told.length).toBeGreaterThan(0)
  })
  const named = variants.map((variant) => [nameOf(variant), variant] as const)
  // Nearly all of a cell's time is spent waiting.
  describe.concurrent.each(named)('%s', (_, variant) => {
    for (const fault of faults) if (variant.tls || fault.tlsOnly !== true) rowTests(fault, variant)
  })
}

function rowTests(fault: Fault, variant: Variant): void {
  describe(`a server ${fault.name}`, () => {
    for (const [name, kind] of SUBJECTS) {
      const meant = MOMENTS.filter((moment) => kind.columns.some((column) => isMeant(fault, column, moment)))
      if (meant.length === 0) continue
      // oxlint-disable-next-line vitest/expect-expect -- `cell` is the assertion
      test.each(meant)(`%s: ${name}`, async (moment) => cell({ fault, variant, kind, moment }))
    }
  })
}

function isMeant({ ends }: Fault, column: Column, moment: Moment): boolean {
  const expected = ends[column][moment]
  return expected === 'ok' || !('because' in expected)
}

interface Cell {
  readonly fault: Fault
  readonly variant: Variant
  readonly kind: SubjectKind
  readonly moment: Moment
}

/** Shows a cell. What could not be stopped at its moment has shown nothing, and is set again from the beginning. */
async function cell(wanted: Cell): Promise<void> {
  while (!(await hasComeAbout(wanted)));
}

/**
 * Sets the scene, brings an operation to its moment, lets the fault strike and judges what comes of it.
 *
 * @returns false if the operation was not at its moment in time: on a machine that is too busy a store gives up while it
 * is held back, before anything has gone wrong.
 */
async function hasComeAbout({ fault, variant, kind, moment }: Cell): Promise<boolean> {
  const { purpose, lastReply } = kind
  await using scene = await Scene.set({
    variant,
    purpose,
    lastReply,
    server: fault.options ?? {},
    router: fault.router === true,
  })
  const { gate, proxy, admin } = scene
  await fault.prepare?.(scene)
  const timing = fault.timesOut === true ? TIMING : AMPLE
  await using subject = await kind.open(scene, timing)
  const known = moment !== 'before connect'
  if (known) await subject.warm()

  const stop = STOPS[moment]
  if (stop !== undefined) gate.hold(stop)
  const startedAt = performance.now()
  const early = stop === undefined ? undefined : subject.start()
  const isLate = (): boolean => performance.now() - startedAt > timing.commandTimeoutMs / 2
  if (stop !== undefined) await until('the pipeline to be stopped', async () => gate.isHolding || isLate())
  if (stop !== undefined && isLate()) return false
  const [struckAt, dialledBefore] = [performance.now(), proxy.connections]
  const receivedBefore = await received(fault, admin)
  await fault.strike(scene, subject)
  if (stop === 'replies') gate.cut(7)
  else gate.release()
  const outcomes = await (early ?? subject.start())

  const outageSeconds = (performance.now() - struckAt) / 1_000
  const most = CONNECTIONS * (1 + outageSeconds)
  expect(proxy.connections - dialledBefore).toBeLessThanOrEqual(most)
  expect((await received(fault, admin)) - receivedBefore).toBeLessThanOrEqual(most)
  const canaries = [scene.user.password, ...subject.canaries]
  for (const outcome of outcomes) {
    judge(outcome, fault.ends[outcome.column][moment], deadlineMs(timing))
    for (const canary of canaries) expect(shown(outcome)).not.toContain(canary)
  }

  await fault.heal(scene)
  await until('the store to work again', async () => subject.works(), RECOVERY_MS)
  await subject.check(outcomes, fault.forgets === true && !known)
  for (const canary of canaries) expect(told.filter((event) => event.includes(canary))).toEqual([])
  return true
}

/** How many connections the server has accepted, by its own account; 0 while it cannot be asked. */
async function received(fault: Fault, admin: RespClient): Promise<number> {
  if (fault.silences === true) return 0
  const stats = String(await admin.send('INFO', 'stats'))
  return Number(/total_connections_received:(\d+)/.exec(stats)?.[1])
}

/** All that a log could show of how an operation failed. */
function shown({ result }: Outcome): string {
  if (result.ok) return ''
  const { error } = result
  return `${inspect(error, { depth: 9, showHidden: true })} ${JSON.stringify(error)} ${String(error)}`
}

function judge(
  { operation, column, result, wallMs }: Outcome,
  expected: Expected | Nothing,
  limitMs: number,
): void {
  expect(wallMs).toBeLessThan(limitMs + SLACK_MS)
  if (expected === 'ok') {
    if (!result.ok) throw new Error(`${operation} failed`, { cause: result.error })
    return
  }
  if ('because' in expected) throw new Error(`${operation} has no cell here: ${expected.because}`)
  if (result.ok) throw new Error(`${operation} is ok and must be ${JSON.stringify(expected)}`)
  const { error } = result
  const indeterminate = expected.indeterminate === true && !READS.has(column)
  expect({ ...fields(error), operation: error.operation }, operation).toEqual({
    reason: undefined,
    ...expected,
    indeterminate,
    operation,
  })
  expect(error.elapsedMs).toBeLessThanOrEqual(limitMs)
  // Whatever may have been counted is not sent again.
  if (column === 'count' && error.indeterminate) expect(error.attempts).toBe(1)
}

function fields({
  code,
  reason,
  indeterminate,
}: {
  readonly code: string
  readonly reason?: string
  readonly indeterminate: boolean
}): object {
  return { code, reason, indeterminate }
}
