import {
  type Outcome,
  type Window,
  calmLoads,
  deadSessions,
  recoveries,
  slowestFailure,
} from './check/liveness.js'
import { checkSession } from './check/session.js'
import { type Findings, Totals } from './check/verdict.js'
import type { Epochs } from './epochs.js'
import { readEpoch } from './history/history-files.js'
import type { Remains } from './worker-process.js'
import { HOT_SESSIONS, sessionOf } from './worker/assignment.js'

/** What a process has to live for its memory to be judged, in seconds: before that it grows by warming up. */
const WARM_SECONDS = 300

/** What the run itself knows. */
export interface Circumstances {
  /** Folder of the histories. */
  readonly history: string
  readonly epochs: Epochs
  readonly windows: readonly Window[]
  readonly recoveryMs: number
  readonly remains: readonly Remains[]
  readonly connections: number
}

/** Reads the histories, epoch by epoch, and finds out everything about a run that has ended. */
export async function judge(circumstances: Circumstances): Promise<Findings> {
  const { history, epochs, windows, remains, connections } = circumstances
  const totals = new Totals()
  const outcomes: Outcome[] = []
  for (let epoch = 0; epoch <= epochs.current.epoch; epoch++) {
    for (const operations of (await readEpoch(history, epoch)).values()) {
      totals.add(operations, checkSession(operations, epochs.forgottenAt(epoch)))
      for (const { process, session, op, result, t0, t1 } of operations) {
        outcomes.push({ process, session, op, ok: result === 'ok', t0, t1 })
      }
    }
  }
  const hot = Array.from({ length: HOT_SESSIONS }, (_, n) => sessionOf(epochs.current.epoch, n))
  const lastFaultAt = Math.max(0, ...windows.map(({ to }) => to))
  return {
    counts: totals.counts,
    codes: totals.codes,
    violations: totals.violations,
    shown: totals.shown,
    calm: calmLoads(outcomes, windows, circumstances),
    deadSessions: deadSessions(outcomes, hot, lastFaultAt, circumstances),
    recoveries: recoveries(outcomes, windows, circumstances),
    slowestFailureMs: slowestFailure(outcomes),
    strays: remains.flatMap(({ strays }) => strays),
    memoryGrowth: memoryGrowth(remains),
    connections,
  }
}

/** The largest growth of a process that has had the time to fill its caches; 1 if there is none. */
function memoryGrowth(remains: readonly Remains[]): number {
  const old = remains.filter(({ rss }) => rss.seconds >= WARM_SECONDS)
  return Math.max(1, ...old.map(({ rss }) => rss.late / rss.early))
}
