import assert from 'node:assert/strict'

import type { SessionStore } from '../../session-store.js'
import { freshSession, refusalOf } from './clause.js'
import type { Clause } from './clause.js'

async function assertClosed(store: SessionStore): Promise<void> {
  const session = freshSession()
  refusalOf(await store.loadLabels(session), 'load', 'ERR_STORE_CLOSED')
  refusalOf(await store.appendLabels(session, ['pii']), 'append', 'ERR_STORE_CLOSED')
}

/** How a store ends. */
export const lifecycleClauses: readonly Clause[] = [
  {
    name: 'a store names its kind',
    async run(store) {
      assert.equal(typeof store.kind, 'string')
      assert.notEqual(store.kind, '')
    },
  },
  {
    name: 'a closed store answers ERR_STORE_CLOSED, and may be closed again',
    async run(store) {
      assert.equal(await store.close(), undefined)
      await assertClosed(store)
      await Promise.all([store.close(), store.close()])
      await assertClosed(store)
    },
  },
  {
    name: 'closed is looked at first: before the abort, the arguments and whether there is anything to do',
    async run(store) {
      await store.close()
      const signal = AbortSignal.abort()
      refusalOf(await store.loadLabels('', { signal }), 'load', 'ERR_STORE_CLOSED')
      refusalOf(await store.appendLabels('', [''], { signal }), 'append', 'ERR_STORE_CLOSED')
      refusalOf(await store.appendLabels(freshSession(), []), 'append', 'ERR_STORE_CLOSED')
    },
  },
  {
    name: 'new calls are refused from the turn in which close is called',
    async run(store) {
      const closing = store.close()
      await assertClosed(store)
      await closing
    },
  },
  {
    name: 'close waits for what is under way, and each of those calls gets a result',
    async run(store) {
      const session = freshSession()
      let pending = 0
      const settled = <T>(call: Promise<T>): Promise<T> => {
        pending += 1
        return call.finally(() => (pending -= 1))
      }
      const calls = [
        settled(store.appendLabels(session, ['pii'])),
        ...Array.from({ length: 8 }, () => settled(store.loadLabels(session))),
      ]
      await store.close()
      assert.equal(pending, 0, 'close resolved before the calls that it waits for')
      for (const result of await Promise.all(calls)) assert.equal(typeof result.ok, 'boolean')
    },
  },
  {
    name: 'disposing of a store closes it',
    async run(store) {
      assert.equal(await store[Symbol.asyncDispose](), undefined)
      await assertClosed(store)
    },
  },
]
