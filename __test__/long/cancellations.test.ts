// Cancellations at random moments: an answer is never that of another request (docs/soundness.md, line 15).

import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import { type LoadResult } from 'indelible'
import { expect, test } from 'vitest'

import { ownServer } from '../support/servers.js'
import { labelsOf, openStore } from '../valkey/support/store.js'
import { LIMIT_MS, SCALE } from './support/scale.js'

const server = ownServer()

const CANCELLATIONS = 100_000 * SCALE
const AT_ONCE = 250

/** Moments at which an abort may come: before the frame leaves, while it is under way, about when it is answered. */
const MOMENTS: readonly (() => Promise<unknown>)[] = [
  async () => undefined,
  async () => new Promise((resolve) => process.nextTick(resolve)),
  async () => new Promise((resolve) => void setImmediate(resolve)),
  async () => delay(randomInt(3)),
]

test(
  `${CANCELLATIONS} cancellations`,
  async () => {
    await using store = await openStore(server())
    const sessions = Array.from({ length: 100 }, () => randomUUID())
    for (const session of sessions) expect(await store.appendLabels(session, [session])).toEqual({ ok: true })

    const counts = { aborted: 0, answered: 0, mixed: 0, other: 0 }
    const ask = async (cancel: boolean): Promise<void> => {
      const session = sessions[randomInt(sessions.length)] ?? ''
      const abort = new AbortController()
      const asked =
        randomInt(2) === 0 // loads and appends of what is there already
          ? store.loadLabels(session, { signal: abort.signal })
          : store.appendLabels(session, [session], { signal: abort.signal })
      if (cancel) {
        await MOMENTS[randomInt(MOMENTS.length)]?.()
        abort.abort()
      }
      const result = await asked
      if (!result.ok) counts[result.error.code === 'ERR_STORE_ABORTED' ? 'aborted' : 'other'] += 1
      else if ('labels' in result && labelsOf(result as LoadResult).join() !== session) counts.mixed += 1
      else counts.answered += 1
    }
    for (let done = 0; done < CANCELLATIONS; done += AT_ONCE) {
      // As many that are not cancelled travel between them.
      await Promise.all(Array.from({ length: 2 * AT_ONCE }, async (_, n) => ask(n % 2 === 0)))
    }
    expect(counts).toMatchObject({ mixed: 0, other: 0 })
    expect(counts.aborted).toBeGreaterThan(CANCELLATIONS / 10)
    expect(counts.aborted + counts.answered).toBe(2 * CANCELLATIONS)
    for (const session of sessions) expect(labelsOf(await store.loadLabels(session))).toEqual([session])
  },
  LIMIT_MS,
)
