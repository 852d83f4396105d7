import assert from 'node:assert/strict'

import { MAX_LABEL_BYTES, MAX_LABELS_PER_CALL } from '../../label.js'
import { appendOk, freshSession, labelsOf, loadedLabels } from './clause.js'
import type { Clause } from './clause.js'

/** Every one is a label of its own and must come back byte for byte. */
const PECULIAR_LABELS = [
  ...[
    'a\nb',
    'x y',
    'ünï',
    ' lead',
    'trail ',
    '\u0000',
    '\r\n',
    '*',
    '$0',
    '{tag}',
    'PII',
    'pii',
    '💧',
    '\uffff',
  ],
  ...[
    '\u00e9',
    'e\u0301',
    '\u202e',
    '-1',
    '1',
    '1.0',
    'null',
    '__proto__',
    'constructor',
    'l'.repeat(MAX_LABEL_BYTES),
  ],
]

/** What a session holds: sets that grow, and only that. */
export const labelClauses: readonly Clause[] = [
  {
    name: 'a session that nobody has written to has no labels',
    async run(store) {
      const labels = loadedLabels(await store.loadLabels(freshSession()))
      assert.equal(labels.size, 0)
      assert.deepEqual([...labels], [])
    },
  },
  {
    name: 'labels that were appended are loaded, and stay when others are added',
    async run(store) {
      const session = freshSession()
      await appendOk(store, session, ['pii', 'finance'])
      assert.deepEqual(await labelsOf(store, session), ['finance', 'pii'])
      await appendOk(store, session, ['health', 'pii'])
      assert.deepEqual(await labelsOf(store, session), ['finance', 'health', 'pii'])
    },
  },
  {
    name: 'duplicates collapse, within a call and between calls',
    async run(store) {
      const session = freshSession()
      await appendOk(store, session, ['pii', 'pii'])
      await appendOk(store, session, ['pii'])
      assert.deepEqual(await labelsOf(store, session), ['pii'])
    },
  },
  {
    name: 'every label survives byte for byte and is a label of its own',
    async run(store) {
      const session = freshSession()
      await appendOk(store, session, PECULIAR_LABELS)
      const labels = loadedLabels(await store.loadLabels(session))
      assert.equal(labels.size, PECULIAR_LABELS.length)
      for (const label of PECULIAR_LABELS) assert.ok(labels.has(label), `lost ${JSON.stringify(label)}`)
    },
  },
  {
    name: 'labels are ordered by their UTF-8 bytes',
    async run(store) {
      const session = freshSession()
      await appendOk(store, session, ['\u{1f4a7}', '\uffee', 'é', 'z', 'a', 'aa', 'Z'])
      assert.deepEqual(await labelsOf(store, session), ['Z', 'a', 'aa', 'z', 'é', '\uffee', '\u{1f4a7}'])
    },
  },
  {
    name: `${MAX_LABELS_PER_CALL} labels fit into one call`,
    async run(store) {
      const session = freshSession()
      const labels = Array.from({ length: MAX_LABELS_PER_CALL }, (_, index) => `label-${index}`)
      await appendOk(store, session, labels)
      assert.deepEqual(await labelsOf(store, session), labels.sort())
    },
  },
  {
    name: 'no labels at all is ok and stores nothing',
    async run(store) {
      const session = freshSession()
      await appendOk(store, session, [])
      await appendOk(store, session, new Set<string>())
      assert.deepEqual(await labelsOf(store, session), [])
    },
  },
  {
    name: 'any iterable is read once, in the turn of the call',
    async run(store) {
      const session = freshSession()
      const array = ['array']
      let walks = 0
      const iterable = {
        *[Symbol.iterator](): Generator<string> {
          walks += 1
          yield* ['generator', 'twice']
        },
      }
      const appends = [appendOk(store, session, array), appendOk(store, session, new Set(['set']))]
      appends.push(appendOk(store, session, iterable))
      assert.equal(walks, 1)
      array.splice(0, 1, 'changed')
      await Promise.all(appends)
      assert.equal(walks, 1)
      assert.deepEqual(await labelsOf(store, session), ['array', 'generator', 'set', 'twice'])
    },
  },
]
