// One crossing a turn, whatever the mix of operations.

import { expect, test } from 'vitest'

import { FrameEngine } from '../../src/frames/frame-engine.js'
import { PolicyWatch } from '../../src/storage/policy-watch.js'
import { Pool } from '../../src/storage/pool.js'
import { RedisBackend } from '../../src/storage/redis-backend.js'
import { NativeDouble } from '../valkey/support/native-double.js'
import { freshId, freshKey } from './support/storage.js'

/** The record of a write that was done, as the engine answers it. */
const done = (token: number): number[] => [3, token]

test('operations of one turn cross together, whichever stores they come from', async () => {
  let native: NativeDouble | undefined
  let crossings = 0
  const engine = new FrameEngine('redis', (wake) => (native = new NativeDouble(wake)))
  if (native === undefined) throw new Error('the engine opens its native half when it is made')
  native.onSubmit = () => {
    crossings += 1
    return true
  }
  const backend = new RedisBackend(new Pool(engine, new PolicyWatch(false), false))
  const calls = [
    backend.sessions().delete(freshId()),
    backend.rateLimiter().reset(freshKey()),
    backend.policies().invalidate(freshId()),
    backend.sessions().delete(freshId()),
  ]
  await new Promise(setImmediate)
  expect({ crossings, operations: native.tokens.length }).toEqual({ crossings: 1, operations: 4 })
  native.reply(...native.tokens.map(done))
  expect(await Promise.all(calls)).toEqual(calls.map(() => ({ ok: true })))
})
