import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import type { RateLimitCounter } from '../storage/rate-limit-counter.js'
import { assertRefused, freshKey, registerClauses, untyped, valueOf } from './storage-contract.js'
import type { StorageClause, StorageContract } from './storage-contract.js'

/**
 * Registers one test for every promise of the `RateLimitCounter` of `indelible/storage`. Keys are random, so the
 * suite can run beside other users of a server.
 */
export function rateLimitCounterContract(contract: StorageContract<RateLimitCounter>): void {
  registerClauses(contract, CLAUSES)
}

const MAX_TOTAL = 9223372036854775807n

const CLAUSES: readonly StorageClause<RateLimitCounter>[] = [
  {
    name: 'a counter begins at 0, grows by the amount, and begins anew after a reset',
    async run(counter) {
      const key = freshKey()
      assert.equal(valueOf(await counter.current(key)), 0n)
      assert.equal(valueOf(await counter.increment(key, 1n, 60)), 1n)
      assert.equal(valueOf(await counter.increment(key, 2, 5)), 3n)
      assert.equal(valueOf(await counter.current(key)), 3n)
      assert.equal(valueOf(await counter.reset(key)), undefined)
      assert.equal(valueOf(await counter.current(key)), 0n)
      assert.equal(valueOf(await counter.reset(key)), undefined)
      assert.equal(valueOf(await counter.increment(key, 1n, 60)), 1n)
    },
  },
  {
    name: 'the window is fixed by the first increment',
    async run(counter) {
      const key = freshKey()
      const first = valueOf(await counter.hit(key, 1n, 60))
      assert.equal(first.total, 1n)
      assert.ok(first.resetMs > 59_000 && first.resetMs <= 60_000, `found ${first.resetMs} ms`)
      const second = valueOf(await counter.hit(key, 2n, 5))
      assert.equal(second.total, 3n)
      assert.ok(second.resetMs > 55_000 && second.resetMs <= first.resetMs, `found ${second.resetMs} ms`)
    },
  },
  {
    name: 'after the window the counter begins anew',
    async run(counter) {
      const key = freshKey()
      assert.equal(valueOf(await counter.increment(key, 5n, 1)), 5n)
      const { total, resetMs } = valueOf(await counter.hit(key, 5n, 1))
      assert.equal(total, 10n)
      assert.ok(resetMs <= 1000, `found ${resetMs} ms`)
      await sleep(resetMs + 50) // the promise is one of time
      assert.equal(valueOf(await counter.current(key)), 0n)
      assert.equal(valueOf(await counter.increment(key, 1n, 60)), 1n)
    },
  },
  {
    name: 'totals are exact above 2^53 and saturate at 2^63 - 1',
    async run(counter) {
      const key = freshKey()
      assert.equal(valueOf(await counter.increment(key, 2n ** 53n, 60)), 2n ** 53n)
      assert.equal(valueOf(await counter.increment(key, 1n, 60)), 2n ** 53n + 1n)
      assert.equal(valueOf(await counter.increment(key, MAX_TOTAL, 60)), MAX_TOTAL)
      assert.equal(valueOf(await counter.current(key)), 2n ** 53n + 1n, 'nothing was written')
      const full = freshKey()
      assert.equal(valueOf(await counter.increment(full, MAX_TOTAL, 60)), MAX_TOTAL)
      assert.equal(valueOf(await counter.increment(full, 1n, 60)), MAX_TOTAL)
      assert.equal(valueOf(await counter.current(full)), MAX_TOTAL)
    },
  },
  {
    name: '100 concurrent increments give each total once',
    async run(counter) {
      const key = freshKey()
      const results = await Promise.all(Array.from({ length: 100 }, () => counter.increment(key, 1n, 60)))
      const totals = results.map((result) => Number(valueOf(result)))
      assert.deepEqual(
        totals.sort((a, b) => a - b),
        Array.from({ length: 100 }, (_, index) => index + 1),
      )
    },
  },
  {
    name: 'keys are told apart byte by byte',
    async run(counter) {
      const stem = freshKey()
      const keys = ['', ' ', '\n', ':', '*', 'A', 'a', 'é', 'e\u0301', '\u{1f4a7}', '\0'].map(
        (tail) => stem + tail,
      )
      for (const [index, key] of keys.entries()) {
        assert.equal(valueOf(await counter.increment(key, index + 1, 60)), BigInt(index + 1))
      }
      for (const [index, key] of keys.entries()) {
        assert.equal(valueOf(await counter.current(key)), BigInt(index + 1))
      }
    },
  },
  {
    name: 'arguments out of range are refused by name, and nothing is counted',
    async run(counter) {
      for (const key of ['', '\ud800', 'k'.repeat(4097), 5, undefined]) {
        assertRefused(await counter.increment(untyped(key), 1n, 60), 'increment', /key: /)
        assertRefused(await counter.current(untyped(key)), 'current', /key: /)
        assertRefused(await counter.reset(untyped(key)), 'reset', /key: /)
      }
      const key = freshKey()
      for (const amount of [0n, -1n, MAX_TOTAL + 1n, 0, 1.5, Number.NaN, 2 ** 60, '1', undefined]) {
        assertRefused(await counter.increment(key, untyped(amount), 60), 'increment', /amount: /)
      }
      for (const windowSecs of [0, -1, 1.5, 2 ** 31 + 1, Number.NaN, '60', 60n, undefined]) {
        assertRefused(await counter.hit(key, 1n, untyped(windowSecs)), 'increment', /windowSecs: /)
      }
      assert.equal(valueOf(await counter.current(key)), 0n)
      assert.equal(valueOf(await counter.increment(key.padEnd(4096, 'k'), 1n, 2 ** 31)), 1n)
    },
  },
]
