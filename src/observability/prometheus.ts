import { Counter, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'

import { DURATION_BUCKETS, seconds } from './durations.js'
import { observe } from './observe.js'

const NAMES = {
  duration: 'indelible_operation_duration_seconds',
  failures: 'indelible_operation_failures_total',
  alarms: 'indelible_alarms_total',
  states: 'indelible_state_changes_total',
} as const

/**
 * Records what the stores of this thread do in `registry`, under the names of `docs/observability.md`. A registry takes
 * it once: the names are taken then.
 *
 * @returns what ends the recording and takes the metrics out of the registry when it is disposed of.
 * @throws {Error} of `prom-client`, when the registry has a metric of one of these names.
 */
export function recordMetrics(registry: Registry): Disposable {
  const registers = [registry]
  const duration = new Histogram({
    name: NAMES.duration,
    help: 'Duration of operations from the call to its answer.',
    labelNames: ['kind', 'op', 'code'] as const,
    buckets: [...DURATION_BUCKETS],
    registers,
  })
  const failures = new Counter({
    name: NAMES.failures,
    help: 'Operations that failed, by error code and reason.',
    labelNames: ['kind', 'op', 'code', 'reason'] as const,
    registers,
  })
  const alarms = new Counter({
    name: NAMES.alarms,
    help: 'Alarms: what an operator must look at.',
    labelNames: ['kind', 'name'] as const,
    registers,
  })
  const states = new Counter({
    name: NAMES.states,
    help: 'Changes of state: connections, breaker, server, generation.',
    labelNames: ['kind', 'name'] as const,
    registers,
  })

  const { end } = observe({
    operation: ({ kind, op, code = '', reason = '', ok, elapsedMs }) => {
      duration.observe({ kind, op, code }, seconds(elapsedMs))
      if (!ok) failures.inc({ kind, op, code, reason })
    },
    alarm: ({ name, kind }) => alarms.inc({ kind, name }),
    state: ({ name, kind }) => states.inc({ kind, name }),
  })
  return {
    [Symbol.dispose]: () => {
      end()
      for (const name of Object.values(NAMES)) registry.removeSingleMetric(name)
    },
  }
}
