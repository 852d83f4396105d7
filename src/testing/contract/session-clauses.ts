import assert from 'node:assert/strict'

import { MAX_SESSION_ID_BYTES, MAX_SESSIONS_PER_CALL } from '../../session-ref.js'
import { appendOk, freshSession, labelsOf } from './clause.js'
import type { Clause } from './clause.js'

/** Which labels belong to which session: ids are bytes, and several ids are one reading. */
export const sessionClauses: readonly Clause[] = [
  {
    name: 'session ids are told apart byte by byte: no trimming, folding or normalisation',
    async run(store) {
      const stem = freshSession()
      const tails = [
        '',
        ' ',
        '\u0000',
        '\n',
        'A',
        'a',
        '\u00e9',
        'e\u0301',
        ':',
        ':*',
        '\ufffd',
        '\u{1f4a7}',
        '{x}',
      ]
      const sessions = [...tails.map((tail) => `${stem}${tail}`), ` ${stem}`, stem.toUpperCase()]
      for (const [index, session] of sessions.entries()) await appendOk(store, session, [`label-${index}`])
      for (const [index, session] of sessions.entries()) {
        assert.deepEqual(await labelsOf(store, session), [`label-${index}`])
      }
    },
  },
  {
    name: `a session id of ${MAX_SESSION_ID_BYTES} bytes counts to its last one`,
    async run(store) {
      const session = freshSession().padEnd(MAX_SESSION_ID_BYTES - 1, 'x')
      await appendOk(store, `${session}a`, ['pii'])
      assert.deepEqual(await labelsOf(store, `${session}a`), ['pii'])
      assert.deepEqual(await labelsOf(store, `${session}b`), [])
    },
  },
  {
    name: 'an append to several ids reaches every one, a load of several answers their union',
    async run(store) {
      const [left, right, other] = [freshSession(), freshSession(), freshSession()]
      await appendOk(store, [left, right], ['both'])
      await appendOk(store, left, ['left'])
      await appendOk(store, [right], ['right'])
      assert.deepEqual(await labelsOf(store, left), ['both', 'left'])
      assert.deepEqual(await labelsOf(store, right), ['both', 'right'])
      assert.deepEqual(await labelsOf(store, [left, right, other]), ['both', 'left', 'right'])
      assert.deepEqual(await labelsOf(store, other), [])
    },
  },
  {
    name: `up to ${MAX_SESSIONS_PER_CALL} ids fit into one call, and duplicates collapse`,
    async run(store) {
      const sessions = Array.from({ length: MAX_SESSIONS_PER_CALL }, freshSession)
      await appendOk(store, sessions, ['pii'])
      for (const session of sessions) assert.deepEqual(await labelsOf(store, session), ['pii'])
      assert.deepEqual(await labelsOf(store, sessions), ['pii'])

      const twice = freshSession()
      await appendOk(store, [twice, twice], ['pii'])
      assert.deepEqual(await labelsOf(store, [twice, twice]), ['pii'])
    },
  },
  {
    name: 'the ids are read in the turn of the call',
    async run(store) {
      const [meant, other] = [freshSession(), freshSession()]
      const sessions = [meant]
      const append = appendOk(store, sessions, ['pii'])
      sessions[0] = other
      await append
      assert.deepEqual(await labelsOf(store, meant), ['pii'])
      assert.deepEqual(await labelsOf(store, other), [])
    },
  },
]
