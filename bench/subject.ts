import type { SessionStore } from 'indelible'
import type { LabelContestant } from './contestant.js'

/** One of our stores as a contestant, used as a host would: a result that is not ok is an error. */
export function labelContestant(store: SessionStore): LabelContestant {
  return {
    async load(session) {
      const result = await store.loadLabels(session)
      if (!result.ok) throw result.error
      return result.labels
    },
    async append(session, labels) {
      const result = await store.appendLabels(session, labels)
      if (!result.ok) throw result.error
    },
    close: () => store.close(),
  }
}
