import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'

import { appendOk, failureOf, freshSession, labelsOf, loadedLabels, refusalOf } from './clause.js'
import type { Clause } from './clause.js'

/** What an abort may do: end a wait. It never makes an answer wrong. */
export const abortClauses: readonly Clause[] = [
  {
    name: 'a call with an aborted signal is refused, with the reason as cause, and does nothing',
    async run(store) {
      const session = freshSession()
      const signal = AbortSignal.abort(new Error('gone'))
      const load = refusalOf(await store.loadLabels(session, { signal }), 'load', 'ERR_STORE_ABORTED')
      assert.equal(load.cause, signal.reason)
      const append = refusalOf(
        await store.appendLabels(session, ['pii'], { signal }),
        'append',
        'ERR_STORE_ABORTED',
      )
      assert.equal(append.cause, signal.reason)
      assert.deepEqual(await labelsOf(store, session), [])
    },
  },
  {
    name: 'the abort is looked at before the arguments and before whether there is anything to do',
    async run(store) {
      const signal = AbortSignal.abort()
      refusalOf(await store.loadLabels('', { signal }), 'load', 'ERR_STORE_ABORTED')
      refusalOf(await store.appendLabels('', [''], { signal }), 'append', 'ERR_STORE_ABORTED')
      refusalOf(await store.appendLabels(freshSession(), [], { signal }), 'append', 'ERR_STORE_ABORTED')
    },
  },
  {
    name: 'a load that is aborted under way answers the labels or ERR_STORE_ABORTED',
    async run(store) {
      const session = freshSession()
      await appendOk(store, session, ['pii'])
      const controller = new AbortController()
      const load = store.loadLabels(session, { signal: controller.signal })
      controller.abort()
      const result = await load
      if (result.ok) assert.deepEqual([...loadedLabels(result)], ['pii'])
      else failureOf(result, 'load', 'ERR_STORE_ABORTED')
    },
  },
  {
    name: 'an append that is aborted under way tells the truth about what may have happened',
    async run(store) {
      const session = freshSession()
      const controller = new AbortController()
      const append = store.appendLabels(session, ['pii'], { signal: controller.signal })
      controller.abort()
      const result = await append
      const stored = (await labelsOf(store, session)).includes('pii')
      if (result.ok) assert.equal(stored, true, 'acknowledged, so it must be there')
      else if (!failureOf(result, 'append', 'ERR_STORE_ABORTED').indeterminate) assert.equal(stored, false)
      await appendOk(store, session, ['pii'])
      assert.deepEqual(await labelsOf(store, session), ['pii'])
    },
  },
  {
    name: 'a signal that outlives its calls keeps no listener, and a late abort changes nothing',
    async run(store) {
      const session = freshSession()
      const controller = new AbortController()
      const { signal } = controller
      for (const label of ['finance', 'pii']) {
        const append = await store.appendLabels(session, [label], { signal })
        assert.equal(append.ok, true)
        loadedLabels(await store.loadLabels(session, { signal }))
      }
      assert.equal(getEventListeners(signal, 'abort').length, 0)
      controller.abort()
      assert.deepEqual(await labelsOf(store, session), ['finance', 'pii'])
    },
  },
]
