import type { SessionStore } from '../session-store.js'
import { abortClauses } from './contract/abort-clauses.js'
import { argumentClauses } from './contract/argument-clauses.js'
import { concurrencyClauses } from './contract/concurrency-clauses.js'
import { labelClauses } from './contract/label-clauses.js'
import { lifecycleClauses } from './contract/lifecycle-clauses.js'
import { resultClauses } from './contract/result-clauses.js'
import { sessionClauses } from './contract/session-clauses.js'

/** How to run the contract suite. */
export interface SessionStoreContract {
  /** Registers one test: `test` of vitest, `node:test`, mocha (`it`) and others fit as they are. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /** Opens the store under test; called for each test, and the store is closed after it. */
  readonly open: () => SessionStore | Promise<SessionStore>
}

/**
 * Registers one test for every promise of the {@link SessionStore} interface. Sessions are random ids, so the
 * suite can run beside other users of a server; it deletes nothing.
 *
 * ```ts
 * import { sessionStoreContract } from 'indelible/testing'
 * import { test } from 'node:test'
 *
 * sessionStoreContract({ test, open: () => new MySessionStore() })
 * ```
 */
export function sessionStoreContract({ test, open }: SessionStoreContract): void {
  const clauses = [
    labelClauses,
    sessionClauses,
    resultClauses,
    argumentClauses,
    abortClauses,
    concurrencyClauses,
    lifecycleClauses,
  ].flat()
  for (const { name, run } of clauses) {
    test(name, async () => {
      const store = await open()
      try {
        await run(store)
      } finally {
        await store.close()
      }
    })
  }
}
