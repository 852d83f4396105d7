import assert from 'node:assert/strict'

import { appendOk, freshSession, labelsOf, loadedLabels } from './clause.js'
import type { Clause } from './clause.js'

/** What callers hold in their hands: nothing that reaches back into the store. */
export const resultClauses: readonly Clause[] = [
  {
    name: 'a label set shows a moment: later appends do not change it',
    async run(store) {
      const session = freshSession()
      await appendOk(store, session, ['pii'])
      const before = loadedLabels(await store.loadLabels(session))
      await appendOk(store, session, ['finance'])
      assert.deepEqual([...before], ['pii'])
      assert.deepEqual(await labelsOf(store, session), ['finance', 'pii'])
    },
  },
  {
    name: 'results hold no Set and no array',
    async run(store) {
      const session = freshSession()
      await appendOk(store, session, ['pii'])
      const result = await store.loadLabels(session)
      assert.deepEqual(Object.keys(result).sort(), ['labels', 'ok'])
      const labels = loadedLabels(result)
      assert.deepEqual(Reflect.ownKeys(labels), [], 'a label set has no property of its own')
      for (const seen of [labels.values(), labels[Symbol.iterator]()]) {
        assert.ok(!(seen instanceof Set) && !Array.isArray(seen))
      }
    },
  },
  {
    name: 'nothing that a caller does to a label set reaches another caller',
    async run(store) {
      const session = freshSession()
      await appendOk(store, session, ['finance', 'pii'])
      const labels = loadedLabels(await store.loadLabels(session))
      labels.toJSON().length = 0
      const foreign = labels as unknown as Set<string> & string[]
      assert.throws(() => Set.prototype.clear.call(foreign), TypeError)
      assert.throws(() => Set.prototype.delete.call(foreign, 'pii'), TypeError)
      assert.throws(() => Array.prototype.pop.call(foreign), TypeError)
      assert.throws(() => Object.assign(labels, { has: () => false }), TypeError)
      assert.throws(() => Object.setPrototypeOf(labels, { has: () => false }), TypeError)
      assert.throws(() => Object.defineProperty(labels, 'size', { value: 0 }), TypeError)
      assert.deepEqual([...labels], ['finance', 'pii'])
      assert.deepEqual(await labelsOf(store, session), ['finance', 'pii'])
    },
  },
]
