import type { Violation } from './check/session.js'
import type { Operation } from './history/operation.js'
import type { Run } from './run.js'

/** A run as text. */
export function reportText({ findings, workers, faults, losses }: Run): string {
  const { counts, codes, violations, calm, recoveries, slowestFailureMs, memoryGrowth, connections } =
    findings
  const { append, load } = counts
  const times = recoveries.flatMap(({ afterMs }) => afterMs ?? []).toSorted((a, b) => a - b)
  const middle = times[Math.floor(times.length / 2)] ?? 0
  return [
    `${workers} processes`,
    `appends: ${append.ok} ok, ${append.fail} failed, ${append.unknown} indeterminate`,
    `loads: ${load.ok} ok, ${load.fail} failed; outside of faults ${calm.ok} of ${calm.loads} ok`,
    `failures: ${listed(codes)}`,
    `faults: ${listed(faults)}; losses accepted: ${losses}`,
    `labels lost: ${violations.lost}, failed but seen: ${violations.misjudged}, phantoms: ${violations.phantom}, ` +
      `unacknowledged and vanished: ${violations.vanished}`,
    `recovery: ${times.length} of ${recoveries.length} bursts before the next, ` +
      `median ${Math.round(middle)} ms, longest ${Math.round(times.at(-1) ?? 0)} ms`,
    `slowest failure ${Math.round(slowestFailureMs)} ms, ${connections} connections at the end, ` +
      `memory x${memoryGrowth.toFixed(2)}`,
    ...findings.shown.map(violationText),
  ].join('\n')
}

/** A violation with the fewest operations that explain it; times from the first of them. */
function violationText({ kind, session, label, loads, explanation }: Violation): string {
  const start = explanation[0]?.t0 ?? 0
  return [
    `${kind}: label ${label} of session ${session}, in ${loads} loads; for example`,
    ...explanation.map((operation) => `  ${operationText(operation, start, label)}`),
  ].join('\n')
}

function operationText(operation: Operation, start: number, label: string): string {
  const { op, process, result, t0, t1, code } = operation
  const span = `${(t0 - start).toFixed(1)} to ${(t1 - start).toFixed(1)} ms`
  const saw = op === 'load' ? `, ${operation.labels.includes(label) ? 'with' : 'without'} it` : ''
  return `process ${process}, ${span}: ${op} ${result}${saw}${code === undefined ? '' : ` (${code})`}`
}

function listed(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).toSorted(([, a], [, b]) => b - a)
  return entries.map(([name, count]) => `${name} ${count}`).join(', ') || 'none'
}
