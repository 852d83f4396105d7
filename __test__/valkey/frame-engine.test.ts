// The JavaScript half of the engine against a native half that fails it: every promise settles all the same
// (docs/soundness.md, line 20).

import { describe, expect, test } from 'vitest'

import { FrameEngine } from '../../src/frames/frame-engine.js'
import type { AppendResult, LoadResult } from '../../src/results.js'
import { NativeDouble, record } from './support/native-double.js'
import { failureOf, labelsOf } from './support/store.js'

/** The watchdog's slack over the deadline and the length of its ticks, in milliseconds. */
const WATCHDOG_MS = 1_000 + 250

function engineOver(settings: { deadlineMs?: number; maxInFlight?: number } = {}): {
  engine: FrameEngine
  native: NativeDouble
} {
  let native: NativeDouble | undefined
  const engine = new FrameEngine('valkey', (wake) => (native = new NativeDouble(wake, settings)))
  if (native === undefined) throw new Error('the engine opens its native half when it is made')
  return { engine, native }
}

const load = async (engine: FrameEngine): Promise<LoadResult> => engine.load(['s'], undefined)
const append = async (engine: FrameEngine): Promise<AppendResult> => engine.append(['s'], ['PII'], undefined)

const TIMED_OUT = { code: 'ERR_STORE_TIMEOUT', reason: 'command' }
const INTERNAL = { code: 'ERR_STORE_INTERNAL' }

test('an engine that never answers: the watchdog settles everything, a second after the deadline', async () => {
  const { engine } = engineOver({ deadlineMs: 50 })
  const start = performance.now()
  const [loaded, appended] = await Promise.all([load(engine), append(engine)])
  const elapsedMs = performance.now() - start
  expect(elapsedMs).toBeGreaterThan(50 + 1_000)
  expect(elapsedMs).toBeLessThan(50 + WATCHDOG_MS + 250 + 500)
  expect(failureOf(loaded)).toMatchObject({ ...TIMED_OUT, indeterminate: false })
  expect(failureOf(appended)).toMatchObject({ ...TIMED_OUT, indeterminate: true })
})

test('an answer after that settles nothing else: its token is not handed out before', async () => {
  const { engine, native } = engineOver()
  failureOf(await load(engine))
  const [late] = native.tokens
  const next = load(engine)
  await new Promise(setImmediate)
  native.reply(record.emptySet(7), record.loaded(late ?? -1, 7))
  expect(native.tokens[1]).not.toBe(late)
  native.reply(record.loaded(native.tokens[1] ?? -1, 7))
  expect(labelsOf(await next)).toEqual([])
  // Only now is the first token free again.
  const last = load(engine)
  await new Promise(setImmediate)
  expect(native.tokens.slice(0, 2)).toContain(native.tokens[2])
  native.reply(record.loaded(native.tokens[2] ?? -1, 7))
  expect(labelsOf(await last)).toEqual([])
})

describe('an engine that does not take a frame', () => {
  test('because it is gone', async () => {
    const { engine, native } = engineOver()
    native.onSubmit = () => false
    expect(failureOf(await load(engine))).toMatchObject({ ...INTERNAL, operation: 'load' })
    expect(failureOf(await append(engine))).toMatchObject({ ...INTERNAL, operation: 'append' })
  })

  test('because it throws', async () => {
    const { engine, native } = engineOver()
    native.onSubmit = () => {
      throw new Error('panicked')
    }
    expect(failureOf(await append(engine))).toMatchObject({ ...INTERNAL, operation: 'append' })
    native.onSubmit = () => true
    const next = append(engine)
    await new Promise(setImmediate)
    native.reply(record.appended(native.tokens.at(-1) ?? -1))
    expect(await next).toEqual({ ok: true })
  })
})

describe('an engine whose answer is not understood', () => {
  test.each([
    ['a record of another version', [record.unknown]],
    ['a label set that was never sent', [record.loaded(0, 99)]],
    ['a record of another version behind a good one', [record.appended(1), record.unknown]],
  ])('%s: nothing that is under way is taken for ok', async (_, records) => {
    const { engine, native } = engineOver()
    const calls = Promise.all([load(engine), append(engine)])
    await new Promise(setImmediate)
    native.reply(...records)
    const [loaded, appended] = await calls
    expect(failureOf(loaded)).toMatchObject(INTERNAL)
    if (!records.some(([kind]) => kind === 3)) {
      expect(failureOf(appended)).toMatchObject({ ...INTERNAL, indeterminate: true })
    }
  })
})

test('an engine whose answer cannot be had: whatever is under way has failed', async () => {
  const { engine, native } = engineOver()
  const calls = Promise.all([load(engine), append(engine)])
  await new Promise(setImmediate)
  native.drain = () => {
    throw new Error('a panic in the addon')
  }
  native.reply(record.unknown)
  const [loaded, appended] = await calls
  expect(failureOf(loaded)).toMatchObject(INTERNAL)
  expect(failureOf(appended)).toMatchObject({ ...INTERNAL, indeterminate: true })
})

test('operations under way are bounded by what the engine has not answered', async () => {
  const { engine, native } = engineOver({ maxInFlight: 2 })
  const calls = [append(engine), append(engine)]
  expect(failureOf(await append(engine))).toMatchObject({ code: 'ERR_STORE_OVERLOADED' })
  native.reply(record.appended(0))
  expect(await calls[0]).toEqual({ ok: true })
  calls.push(append(engine))
  await new Promise(setImmediate)
  native.reply(record.appended(1))
  native.reply(record.appended(native.tokens.at(-1) ?? -1))
  expect(await Promise.all(calls)).toEqual(calls.map(() => ({ ok: true })))
})

test('close settles with the last operation, and an abort does not hold it up', async () => {
  const { engine, native } = engineOver()
  const call = append(engine)
  let closed = false
  const closing = engine.close().then(() => (closed = true))
  await new Promise(setImmediate)
  expect({ native: native.closed, closed }).toEqual({ native: true, closed: false })
  native.reply(record.appended(native.tokens[0] ?? -1))
  expect(await call).toEqual({ ok: true })
  await closing
  expect(closed).toBe(true)
})

describe('callers that move in step', () => {
  /** Sizes of the frames that turns of `callers` callers make, all of them answered before the next one. */
  async function framesOf(callers: number, turns: number): Promise<number[][]> {
    const { engine, native } = engineOver({ maxInFlight: 1_024 })
    native.reply(record.emptySet(7))
    const frames: number[][] = []
    for (let turn = 0; turn < turns; turn++) {
      const before = native.tokens.length
      const sizes: number[] = []
      native.onSubmit = () => {
        sizes.push(native.tokens.length - before - sizes.reduce((sum, size) => sum + size, 0))
        return true
      }
      const loads = Array.from({ length: callers }, () => load(engine))
      await new Promise(setImmediate)
      native.reply(...native.tokens.slice(before).map((token) => record.loaded(token, 7)))
      expect((await Promise.all(loads)).filter(({ ok }) => !ok)).toEqual([])
      frames.push(sizes)
    }
    return frames
  }

  test('go in two halves next time', async () => {
    expect(await framesOf(64, 4)).toEqual([[64], [32, 32], [64], [32, 32]])
    expect(await framesOf(33, 2)).toEqual([[33], [16, 17]])
  })

  test('stay together where they are few, or so many that the engine cuts them', async () => {
    expect(await framesOf(31, 2)).toEqual([[31], [31]])
    expect(await framesOf(256, 2)).toEqual([[256], [256]])
  })

  test('are left alone while others are under way', async () => {
    const { engine, native } = engineOver({ maxInFlight: 1_024 })
    const other = load(engine)
    await new Promise(setImmediate)
    let crossings = 0
    native.onSubmit = () => {
      crossings += 1
      return true
    }
    for (let turn = 0; turn < 3; turn++) {
      const loads = Array.from({ length: 64 }, () => load(engine))
      await new Promise(setImmediate)
      native.reply(record.emptySet(7), ...native.tokens.slice(-64).map((token) => record.loaded(token, 7)))
      await Promise.all(loads)
    }
    expect(crossings).toBe(3)
    native.reply(record.loaded(native.tokens[0] ?? -1, 7))
    expect(labelsOf(await other)).toEqual([])
  })
})
