import type { SessionContestant } from './session-workload.js'

/** What the stores for express-session have in common. */
export interface ExpressSessionStore {
  set(id: string, session: never, done: (error: unknown) => void): unknown
  get(id: string, done: (error: unknown, session: unknown) => void): unknown
}

/** Uses a store as express-session does: a JSON object with a cookie in it, and callbacks. */
export function expressSessionContestant(
  store: ExpressSessionStore,
  close: () => Promise<unknown>,
): SessionContestant {
  return {
    save({ id, agentId, startedAtNs }) {
      const session = { cookie: { originalMaxAge: null }, agentId, startedAtNs }
      return new Promise((resolve, reject) => {
        store.set(id, session as never, (error) => (error ? reject(error) : resolve()))
      })
    },
    load(id) {
      return new Promise((resolve, reject) => {
        store.get(id, (error, session) => {
          if (error) reject(error)
          else resolve((session as { startedAtNs: string }).startedAtNs)
        })
      })
    },
    async close() {
      await close()
    },
  }
}
