// Calls in the background of a test, with a history that the soak's check judges.

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import type { SessionStore } from 'indelible'

import { checkSession } from '../../../soak/check/session.js'
import { type Append, type Load, type Operation, now } from '../../../soak/history/operation.js'
import { until } from '../../support/topologies/until.js'

/** Pause between two calls on one session, in milliseconds. */
const PAUSE_MS = 10

/** Appends and loads in turn, of every session through every store, until `stop`. */
export class Traffic implements AsyncDisposable {
  readonly #operations: Operation[] = []
  readonly #lines: readonly { readonly process: number; readonly session: string }[]
  readonly #done: Promise<unknown>
  #labels = 0
  #going = true

  constructor(stores: readonly SessionStore[], sessions: readonly string[] = [randomUUID()]) {
    this.#lines = sessions.flatMap((session) => stores.map((_, process) => ({ process, session })))
    this.#done = Promise.all(
      sessions.flatMap((session) => stores.map((store, process) => this.#call(store, process, session))),
    )
  }

  /** Code and reason of everything that failed since `since`, of one operation. */
  failures(op: Operation['op'], since: number = 0): string[] {
    const failed = this.#operations.filter((call) => call.op === op && call.t0 >= since)
    return [...new Set(failed.flatMap(({ code }) => code ?? []))].toSorted()
  }

  /** Resolves once every session has been served through every store, by calls that began after `since`. */
  async served(since: number = now()): Promise<void> {
    const good = (op: Operation['op'], process: number, session: string): boolean =>
      this.#operations.some((call) => {
        const same = call.op === op && call.process === process && call.session === session
        return same && call.result === 'ok' && call.t0 >= since
      })
    const all = (): boolean =>
      this.#lines.every(
        ({ process, session }) => good('append', process, session) && good('load', process, session),
      )
    await until('every session to be served', async () => all())
  }

  /**
   * Ends the calls, and answers the history.
   *
   * @throws when a label that was acknowledged is missing, or anything else is wrong that the soak knows.
   */
  async stop(): Promise<readonly Operation[]> {
    await this[Symbol.asyncDispose]()
    for (const session of new Set(this.#lines.map((line) => line.session))) {
      const violations = checkSession(this.#operations.filter((call) => call.session === session))
      const broken = violations.find(({ kind }) => kind !== 'vanished')
      if (broken !== undefined) throw new Error(`the promise is broken: ${JSON.stringify(broken)}`)
    }
    return this.#operations
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#going = false
    await this.#done
  }

  async #call(store: SessionStore, process: number, session: string): Promise<void> {
    while (this.#going) {
      this.#operations.push(await appended(store, process, session, `${process}-${this.#labels++}`))
      this.#operations.push(await loaded(store, process, session))
      await delay(PAUSE_MS)
    }
  }
}

async function appended(
  store: SessionStore,
  process: number,
  session: string,
  label: string,
): Promise<Append> {
  const t0 = now()
  const end = await store.appendLabels(session, [label])
  const call = { op: 'append', process, session, label, t0, t1: now() } as const
  if (end.ok) return { ...call, result: 'ok' }
  return { ...call, result: end.error.indeterminate ? 'unknown' : 'fail', code: failureOf(end.error) }
}

async function loaded(store: SessionStore, process: number, session: string): Promise<Load> {
  const t0 = now()
  const end = await store.loadLabels(session)
  const call = { op: 'load', process, session, t0, t1: now() } as const
  if (end.ok) return { ...call, result: 'ok', labels: [...end.labels] }
  return { ...call, result: 'fail', labels: [], code: failureOf(end.error) }
}

function failureOf({
  code,
  reason,
}: {
  readonly code: string
  readonly reason?: string | undefined
}): string {
  return [code.replace('ERR_STORE_', ''), reason].filter((part) => part !== undefined).join(' ')
}
