import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

import type { SessionStoreFailureAlarm } from 'indelible'
import { runPhase } from 'indelible/enforcement'
import type { Phase, PhaseContext, PhaseOutcome, Verdict } from 'indelible/enforcement'
import { ScriptedSessionStore } from 'indelible/testing'
import type { ScriptedFailure } from 'indelible/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const REFUSED: ScriptedFailure = {
  code: 'ERR_STORE_UNAVAILABLE',
  reason: 'refused',
  attempts: 2,
  elapsedMs: 3,
}
const FULL: ScriptedFailure = {
  code: 'ERR_STORE_OUT_OF_MEMORY',
  serverCode: 'OOM',
  attempts: 1,
  elapsedMs: 1,
}

const ALLOW: Verdict = { allow: true }
const DENY: Verdict = { allow: false, violation: { code: 'policy.leak', message: 'It would leak.' } }

/** One row: what the session holds, what fails, what the policy does, and everything that must be seen. */
interface Row {
  readonly name: string
  readonly session?: false
  readonly held?: readonly string[]
  readonly load?: ScriptedFailure
  readonly append?: ScriptedFailure
  readonly evaluate: (context: PhaseContext) => Verdict | Promise<Verdict>
  /** `continue`, or the code of the violation. */
  readonly outcome: string
  /** Whether the policy was asked. */
  readonly asked?: false
  readonly calls: readonly ('load' | 'append')[]
  /** What the session holds afterwards. */
  readonly stored: readonly string[]
  readonly alarms?: readonly Partial<SessionStoreFailureAlarm>[]
}

const taintThen =
  (verdict: Verdict, ...labels: string[]) =>
  ({ taint }: PhaseContext): Verdict => {
    for (const label of labels) taint(label)
    return verdict
  }

const ROWS: readonly Row[] = [
  {
    name: 'load failed: denied, no policy runs',
    held: ['pii'],
    load: REFUSED,
    evaluate: taintThen(ALLOW, 'finance'),
    outcome: 'session.load_failed',
    asked: false,
    calls: ['load'],
    stored: ['pii'],
    alarms: [
      {
        op: 'load',
        decision: 'none',
        code: 'ERR_STORE_UNAVAILABLE',
        reason: 'refused',
        attempts: 2,
        elapsedMs: 3,
      },
    ],
  },
  {
    name: 'allowed and nothing new: continues without an append',
    held: ['pii'],
    evaluate: taintThen(ALLOW, 'pii'),
    outcome: 'continue',
    calls: ['load'],
    stored: ['pii'],
  },
  {
    name: 'allowed with a new label: continues after the append',
    held: ['pii'],
    evaluate: taintThen(ALLOW, 'pii', 'finance'),
    outcome: 'continue',
    calls: ['load', 'append'],
    stored: ['finance', 'pii'],
  },
  {
    name: 'allowed, append failed: denied',
    evaluate: taintThen(ALLOW, 'pii'),
    append: FULL,
    outcome: 'session.persist_failed',
    calls: ['load', 'append'],
    stored: [],
    alarms: [
      { op: 'append', decision: 'allow', code: 'ERR_STORE_OUT_OF_MEMORY', serverCode: 'OOM', attempts: 1 },
    ],
  },
  {
    name: 'already denied, append failed: the first violation stays, the alarm fires all the same',
    evaluate: taintThen(DENY, 'pii'),
    append: FULL,
    outcome: 'policy.leak',
    calls: ['load', 'append'],
    stored: [],
    alarms: [{ op: 'append', decision: 'deny', code: 'ERR_STORE_OUT_OF_MEMORY' }],
  },
  {
    name: 'the server is full, and there is no new label: continues',
    held: ['pii'],
    evaluate: taintThen(ALLOW, 'pii'),
    append: FULL,
    outcome: 'continue',
    calls: ['load'],
    stored: ['pii'],
  },
  {
    name: 'no session: the store is never touched, so an outage does not deny',
    session: false,
    evaluate: taintThen(ALLOW, 'pii'),
    load: REFUSED,
    append: REFUSED,
    outcome: 'continue',
    calls: [],
    stored: [],
  },
  {
    name: 'no session: the policy still decides',
    session: false,
    evaluate: taintThen(DENY, 'pii'),
    outcome: 'policy.leak',
    calls: [],
    stored: [],
  },
  {
    name: 'taint then deny: the label is persisted',
    evaluate: taintThen(DENY, 'pii'),
    outcome: 'policy.leak',
    calls: ['load', 'append'],
    stored: ['pii'],
  },
  {
    name: 'a requirement that fails before the taint: nothing is persisted',
    evaluate: taintThen(DENY),
    outcome: 'policy.leak',
    calls: ['load'],
    stored: [],
  },
  {
    name: 'the policy throws after a taint: denied, the label is persisted',
    evaluate({ taint }) {
      taint('pii')
      throw new Error('broken policy')
    },
    outcome: 'policy.failed',
    calls: ['load', 'append'],
    stored: ['pii'],
  },
  {
    name: 'the policy rejects (time-out, cancellation, disconnect) after a taint: denied, the label is persisted',
    async evaluate({ taint }) {
      taint('pii')
      await Promise.resolve()
      throw AbortSignal.abort().reason
    },
    outcome: 'policy.failed',
    calls: ['load', 'append'],
    stored: ['pii'],
  },
  {
    name: 'the policy throws, and the append fails: policy.failed stays',
    evaluate({ taint }) {
      taint('pii')
      throw new Error('broken policy')
    },
    append: REFUSED,
    outcome: 'policy.failed',
    calls: ['load', 'append'],
    stored: [],
    alarms: [{ op: 'append', decision: 'deny', code: 'ERR_STORE_UNAVAILABLE', reason: 'refused' }],
  },
  {
    name: 'a label is visible to later steps of the same phase',
    held: ['pii'],
    evaluate(context) {
      expect([...context.labels]).toEqual(['pii'])
      context.taint('finance')
      expect([...context.labels]).toEqual(['finance', 'pii'])
      return context.labels.has('finance') ? DENY : ALLOW
    },
    outcome: 'policy.leak',
    calls: ['load', 'append'],
    stored: ['finance', 'pii'],
  },
]

const alarms: unknown[] = []
const record = (alarm: unknown): void => void alarms.push(alarm)

beforeEach(() => {
  alarms.length = 0
  subscribe('indelible:alarm', record)
})

afterEach(() => {
  unsubscribe('indelible:alarm', record)
})

function codeOf(outcome: PhaseOutcome): string {
  return outcome.continue ? 'continue' : outcome.violation.code
}

describe.each<Phase>(['pre', 'post'])('host flow, phase %s', (phase) => {
  test.each(ROWS)('$name', async (row) => {
    const { held = [], asked = true, alarms: expected = [] } = row
    const session = randomUUID()
    let failing = false
    const store = new ScriptedSessionStore(({ operation }) => (failing ? row[operation] : undefined))
    await store.appendLabels(session, held)
    const before = store.calls.length
    failing = true

    let evaluations = 0
    const outcome = await runPhase(store, {
      phase,
      keys: row.session === false ? {} : { session },
      evaluate(context) {
        evaluations += 1
        expect(context.phase).toBe(phase)
        return row.evaluate(context)
      },
    })

    expect(codeOf(outcome)).toBe(row.outcome)
    expect(evaluations).toBe(asked ? 1 : 0)
    expect(store.calls.slice(before).map(({ operation }) => operation)).toEqual(row.calls)
    failing = false
    const after = await store.loadLabels(session)
    expect(after.ok && [...after.labels]).toEqual(row.stored)
    expect(outcome.appended).toEqual(
      row.session === false ? [] : row.stored.filter((label) => !held.includes(label)),
    )

    expect(alarms).toHaveLength(expected.length)
    for (const [index, alarm] of expected.entries()) {
      expect(alarms[index]).toMatchObject({
        name: 'session_store_failure',
        kind: 'scripted',
        phase,
        ...alarm,
      })
      const details = Object.values(alarms[index] as object)
      for (const secret of [session, 'pii', 'finance']) expect(details).not.toContain(secret)
    }
    const failure = row.load ?? (row.calls.includes('append') ? row.append : undefined)
    const error = outcome.continue ? undefined : outcome.error
    expect(error?.code).toBe(row.session === false ? undefined : failure?.code)
  })
})

test('the result of an action waits for the acknowledgement of its labels', async () => {
  let acknowledge: () => void = () => expect.fail('no append began')
  let began = (): void => undefined
  const appending = new Promise<void>((resolve) => (began = resolve))
  const store = new ScriptedSessionStore(async ({ operation }) => {
    if (operation === 'load') return undefined
    await new Promise<void>((resolve) => {
      acknowledge = resolve
      began()
    })
    return undefined
  })

  let released = false
  const input = { phase: 'post', keys: { session: randomUUID() }, evaluate: taintThen(ALLOW, 'pii') } as const
  const phase = runPhase(store, input).finally(() => (released = true))
  await appending
  await new Promise(setImmediate)
  expect(released).toBe(false)
  acknowledge()
  expect(await phase).toMatchObject({ continue: true, appended: ['pii'] })
})
