import type { Operation } from '../history/operation.js'
import type { CalmLoads, Recovery } from './liveness.js'
import type { Violation, ViolationKind } from './session.js'

/** How many operations ended in which way. */
export interface Counts {
  readonly append: { ok: number; fail: number; unknown: number }
  readonly load: { ok: number; fail: number }
}

/** Everything that was found out about a run. */
export interface Findings {
  readonly counts: Counts
  /** Failed operations by their code. */
  readonly codes: Readonly<Record<string, number>>
  readonly violations: Readonly<Record<ViolationKind, number>>
  /** Those that are shown: for each kind the one with the shortest explanation. */
  readonly shown: readonly Violation[]
  readonly calm: CalmLoads
  readonly deadSessions: readonly string[]
  readonly recoveries: readonly Recovery[]
  readonly slowestFailureMs: number
  readonly strays: readonly string[]
  /** The largest growth of the memory of a process, as a factor. */
  readonly memoryGrowth: number
  /** Connections to a server after the last fault. */
  readonly connections: number
}

/** What a run must keep to. */
export interface Bounds {
  /** Whether a label that was seen without having been acknowledged must stay. */
  readonly keepsWhatWasSeen: boolean
  /** How soon after a burst of faults every process must have had a load that succeeded, in milliseconds. */
  readonly recoveryMs: number
  /** The longest that a failure may take, in milliseconds. */
  readonly failureMs: number
  /** Connections to one server. */
  readonly connections: number
  readonly memoryGrowth: number
}

/** Least share of loads outside of faults that must succeed: else denying everything would pass. */
const CALM_SHARE = 0.5

/** What the run did wrong, one sentence each; none if it passed. */
export function complaints(findings: Findings, bounds: Bounds): readonly string[] {
  const { violations, calm, deadSessions, slowestFailureMs, strays, memoryGrowth, connections } = findings
  const found: (readonly [wrong: boolean, sentence: string])[] = [
    [violations.lost > 0, `${violations.lost} acknowledged labels were missing from later loads`],
    [
      violations.misjudged > 0,
      `${violations.misjudged} labels were seen whose appends had failed for certain`,
    ],
    [violations.phantom > 0, `${violations.phantom} labels were seen that nobody had added to that session`],
    [
      bounds.keepsWhatWasSeen && violations.vanished > 0,
      `${violations.vanished} labels were seen and then missing, on a disk that keeps what it shows`,
    ],
    [
      calm.loads === 0 || calm.ok < CALM_SHARE * calm.loads,
      `${calm.ok} of ${calm.loads} loads outside of faults succeeded`,
    ],
    ...findings.recoveries.map(({ fault, afterMs = Infinity }) => {
      return [afterMs > bounds.recoveryMs, `recovery from ${fault} took ${Math.round(afterMs)} ms`] as const
    }),
    [deadSessions.length > 0, `${deadSessions.length} sessions did not come back after the last fault`],
    [
      slowestFailureMs > bounds.failureMs,
      `a failure took ${Math.round(slowestFailureMs)} ms, more than ${bounds.failureMs}`,
    ],
    [strays.length > 0, `${strays.length} rejections were handled by nobody: ${strays[0]}`],
    [
      connections > bounds.connections,
      `${connections} connections to a server, more than ${bounds.connections}`,
    ],
    [memoryGrowth > bounds.memoryGrowth, `a process grew by a factor of ${memoryGrowth.toFixed(2)}`],
  ]
  return found.filter(([wrong]) => wrong).map(([, sentence]) => sentence)
}

/** Adds up operations and violations session by session. */
export class Totals {
  readonly counts: Counts = { append: { ok: 0, fail: 0, unknown: 0 }, load: { ok: 0, fail: 0 } }
  readonly codes: Record<string, number> = {}
  readonly violations: Record<ViolationKind, number> = { lost: 0, misjudged: 0, phantom: 0, vanished: 0 }
  readonly #shortest = new Map<ViolationKind, Violation>()

  add(operations: readonly Operation[], violations: readonly Violation[]): void {
    for (const operation of operations) {
      if (operation.op === 'append') this.counts.append[operation.result] += 1
      else this.counts.load[operation.result] += 1
      if (operation.code !== undefined) this.codes[operation.code] = (this.codes[operation.code] ?? 0) + 1
    }
    for (const violation of violations) {
      this.violations[violation.kind] += 1
      const shortest = this.#shortest.get(violation.kind)
      if (shortest === undefined || length(violation) < length(shortest)) {
        this.#shortest.set(violation.kind, violation)
      }
    }
  }

  get shown(): readonly Violation[] {
    return Array.from(this.#shortest.values())
  }
}

/** By the number of operations, then by the time that they span. */
function length({ explanation }: Violation): number {
  const [first, last] = [explanation[0], explanation.at(-1)]
  const span = first === undefined || last === undefined ? 0 : last.t0 - first.t0
  return explanation.length * 1e9 + span
}
