import { openSessionStore } from 'indelible'
import { TTL_SECONDS, type LabelContestant } from '../../contestant.js'
import type { Shape } from '../../growth/shape.js'
import { labelContestant } from '../../subject.js'

/** Our store with room in the ratchet for every session; several stores are used in turn. */
export async function open(url: string, { sessions, stores }: Shape): Promise<LabelContestant> {
  const config = {
    kind: 'valkey',
    endpoint: url,
    ttlSeconds: TTL_SECONDS,
    ratchet: { maxSessions: Math.max(sessions, 1_000) },
  }
  const opened = await Promise.all(
    Array.from({ length: stores }, async () => labelContestant(await openSessionStore(config))),
  )
  let turn = 0
  const next = (): LabelContestant => opened[(turn = (turn + 1) % stores)] as LabelContestant
  return {
    load: (session) => next().load(session),
    append: (session, labels) => next().append(session, labels),
    async close() {
      await Promise.all(opened.map((store) => store.close()))
    },
  }
}
