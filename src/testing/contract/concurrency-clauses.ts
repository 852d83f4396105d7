import assert from 'node:assert/strict'

import { appendOk, freshSession, labelsOf } from './clause.js'
import type { Clause } from './clause.js'

const CALLERS = 32
const ROUNDS = 8

/** What many callers may rely on: no append undoes another, and what was acknowledged is seen. */
export const concurrencyClauses: readonly Clause[] = [
  {
    name: 'concurrent appends to one session lose nothing',
    async run(store) {
      const session = freshSession()
      const labels = Array.from({ length: CALLERS * ROUNDS }, (_, index) => `label-${index}`)
      await Promise.all(labels.map((label) => appendOk(store, session, [label])))
      assert.deepEqual(await labelsOf(store, session), labels.sort())
    },
  },
  {
    name: 'a load that starts after an acknowledgement contains what was acknowledged',
    async run(store) {
      const session = freshSession()
      const acknowledged = new Set<string>()
      await Promise.all(
        Array.from({ length: CALLERS }, async (_, caller) => {
          for (let round = 0; round < ROUNDS; round++) {
            const label = `${caller}-${round}`
            await appendOk(store, session, [label])
            acknowledged.add(label)
            const known = [...acknowledged]
            const labels = new Set(await labelsOf(store, session))
            assert.deepEqual(
              known.filter((other) => !labels.has(other)),
              [],
            )
          }
        }),
      )
      assert.equal(acknowledged.size, CALLERS * ROUNDS)
    },
  },
  {
    name: 'concurrent sessions do not mix',
    async run(store) {
      const sessions = Array.from({ length: CALLERS }, freshSession)
      await Promise.all(sessions.map((session, index) => appendOk(store, session, [`label-${index}`])))
      const loads = await Promise.all(sessions.map((session) => labelsOf(store, session)))
      assert.deepEqual(
        loads,
        sessions.map((_, index) => [`label-${index}`]),
      )
    },
  },
]
