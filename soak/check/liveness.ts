/** What the checks of time need of an operation. */
export interface Outcome {
  readonly process: number
  readonly session: string
  readonly op: 'append' | 'load'
  readonly ok: boolean
  /** Milliseconds of the host's monotonic clock. */
  readonly t0: number
  readonly t1: number
}

/** From the beginning of a fault to the moment when it had been undone, in milliseconds of the same clock. */
export interface Window {
  readonly fault: string
  readonly from: number
  readonly to: number
}

/** How long after a fault the store may still be out, in milliseconds. */
export interface Grace {
  readonly recoveryMs: number
}

/** Loads that were not under the influence of a fault: of `loads`, `ok` succeeded. */
export interface CalmLoads {
  readonly loads: number
  readonly ok: number
}

/** Counts the loads that ran wholly outside of every fault and the time that recovery from it may take. */
export function calmLoads(
  outcomes: readonly Outcome[],
  windows: readonly Window[],
  { recoveryMs }: Grace,
): CalmLoads {
  const calm = outcomes.filter(
    ({ op, t0, t1 }) => op === 'load' && !windows.some(({ from, to }) => t1 >= from && t0 <= to + recoveryMs),
  )
  return { loads: calm.length, ok: calm.filter(({ ok }) => ok).length }
}

/**
 * The sessions that no load of has succeeded within the time of recovery after the last fault.
 *
 * @param sessions - Those that are under load until the end.
 */
export function deadSessions(
  outcomes: readonly Outcome[],
  sessions: readonly string[],
  lastFaultAt: number,
  { recoveryMs }: Grace,
): readonly string[] {
  const alive = new Set(
    outcomes
      .filter(
        ({ op, ok, t0, t1 }) => op === 'load' && ok && t0 >= lastFaultAt && t1 <= lastFaultAt + recoveryMs,
      )
      .map(({ session }) => session),
  )
  return sessions.filter((session) => !alive.has(session))
}

/** How soon every process had a load that succeeded, after a burst of faults had been undone. */
export interface Recovery {
  readonly fault: string
  /** Milliseconds; undefined: not before the next burst or the end. */
  readonly afterMs: number | undefined
}

/**
 * Faults that overlap as one window, which names them all. A fault that strikes while there is still time to recover from
 * the one before belongs to the same burst.
 */
export function bursts(windows: readonly Window[], { recoveryMs }: Grace): readonly Window[] {
  const merged: Window[] = []
  for (const window of windows.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (last === undefined || window.from >= last.to + recoveryMs) merged.push(window)
    else {
      const fault = `${last.fault}, ${window.fault}`
      merged.splice(-1, 1, { fault, from: last.from, to: Math.max(last.to, window.to) })
    }
  }
  return merged
}

/** How long recovery from each burst of faults took, for the processes that were there before its end and are after it. */
export function recoveries(
  outcomes: readonly Outcome[],
  windows: readonly Window[],
  grace: Grace,
): readonly Recovery[] {
  const loads = outcomes.filter(({ op }) => op === 'load').toSorted((a, b) => a.t1 - b.t1)
  const all = bursts(windows, grace)
  return all.map(({ fault, to }, n) => {
    const end = all[n + 1]?.from ?? Infinity
    const recovered = new Map<number, number | undefined>()
    const there = new Set(loads.filter(({ t0 }) => t0 < to).map(({ process }) => process))
    for (const { process, ok, t0, t1 } of loads) {
      if (!there.has(process) || t0 < to || t1 >= end || recovered.get(process) !== undefined) continue
      recovered.set(process, ok ? t1 - to : undefined)
    }
    const times = Array.from(recovered.values()).filter((time) => time !== undefined)
    const everyone = times.length > 0 && times.length === recovered.size
    return { fault, afterMs: everyone ? Math.max(...times) : undefined }
  })
}

/** The longest that a failed operation took, in milliseconds; 0 without any. */
export function slowestFailure(outcomes: readonly Outcome[]): number {
  return outcomes.reduce((slowest, { ok, t0, t1 }) => (ok ? slowest : Math.max(slowest, t1 - t0)), 0)
}
