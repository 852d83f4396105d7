import { metrics } from '@opentelemetry/api'
import type { Attributes, MeterProvider } from '@opentelemetry/api'

import type { OperationEvent } from '../events.js'
import { packageVersion } from '../package-version.js'
import { DURATION_BUCKETS, seconds } from './durations.js'
import { observe } from './observe.js'

/** Where the measurements go, and what they carry. */
export interface OpenTelemetryOptions {
  /** Default: the one that the program has registered globally. */
  readonly meterProvider?: MeterProvider
  /** Added to every measurement, such as `server.address`. */
  readonly attributes?: Attributes
}

/**
 * Records what the stores of this thread do, under the names of `docs/observability.md`. The duration follows the
 * semantic conventions for database clients; an operation that stays in memory is recorded all the same.
 *
 * @returns what ends the recording when it is disposed of.
 */
export function recordMetrics({ meterProvider, attributes = {} }: OpenTelemetryOptions = {}): Disposable {
  const meter = (meterProvider ?? metrics).getMeter('indelible', packageVersion())
  const duration = meter.createHistogram('db.client.operation.duration', {
    description: 'Duration of database client operations.',
    unit: 's',
    advice: { explicitBucketBoundaries: [...DURATION_BUCKETS] },
  })
  const alarms = meter.createCounter('indelible.alarms', {
    description: 'Alarms: what an operator must look at.',
    unit: '{alarm}',
  })
  const states = meter.createCounter('indelible.state_changes', {
    description: 'Changes of state: connections, breaker, server, generation.',
    unit: '{change}',
  })

  const { end } = observe({
    operation: (event) => duration.record(seconds(event.elapsedMs), { ...attributes, ...ofOperation(event) }),
    alarm: ({ name, kind }) =>
      alarms.add(1, { ...attributes, 'indelible.alarm.name': name, 'indelible.store.kind': kind }),
    state: ({ name, kind }) =>
      states.add(1, { ...attributes, 'indelible.state.name': name, 'indelible.store.kind': kind }),
  })
  return { [Symbol.dispose]: end }
}

/** What the conventions call the system: the protocol's name, whichever server speaks it. */
const SYSTEMS: Readonly<Record<string, string>> = { valkey: 'redis', redis: 'redis' }

function ofOperation({ kind, op, code, reason, serverCode }: OperationEvent): Attributes {
  return {
    'db.system.name': SYSTEMS[kind] ?? kind,
    'db.operation.name': op,
    'indelible.store.kind': kind,
    ...(code === undefined ? {} : { 'error.type': code }),
    ...(reason === undefined ? {} : { 'indelible.error.reason': reason }),
    ...(serverCode === undefined ? {} : { 'db.response.status_code': serverCode }),
  }
}
