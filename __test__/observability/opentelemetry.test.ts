// What the OpenTelemetry SDK exports of the activity of stores, against the real packages.

import { metrics } from '@opentelemetry/api'
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { recordMetrics } from 'indelible/opentelemetry'
import { expect, onTestFinished, test } from 'vitest'

import { page, tableRows, words } from '../docs/support/page.js'
import { ownServer } from '../support/servers.js'
import { CANARY, act } from './support/activity.js'

const server = ownServer()

/** A meter provider whose measurements can be read. */
function provider(): { readonly meterProvider: MeterProvider; readonly read: () => Promise<Points> } {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const meterProvider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  })
  onTestFinished(() => meterProvider.shutdown())
  const read = async (): Promise<Points> => {
    await meterProvider.forceFlush()
    const scopes = exporter.getMetrics().at(-1)?.scopeMetrics ?? []
    return Object.fromEntries(
      scopes.flatMap(({ scope, metrics: all }) =>
        all.map(({ descriptor, dataPoints, dataPointType }) => [
          descriptor.name,
          {
            scope: scope.name,
            unit: descriptor.unit,
            points: dataPoints.map(({ attributes, value }) => ({
              ...attributes,
              count: dataPointType === DataPointType.HISTOGRAM ? (value as { count: number }).count : value,
            })),
          },
        ]),
      ),
    )
  }
  return { meterProvider, read }
}

type Points = Readonly<Record<string, { scope: string; unit: string; points: readonly object[] }>>

test('operations are durations of a database client, alarms and states are counted', async () => {
  const { meterProvider, read } = provider()
  const recording = recordMetrics({ meterProvider, attributes: { 'server.address': 'labels.example' } })
  await act(server())
  recording[Symbol.dispose]()
  const found = await read()

  const shared = { 'server.address': 'labels.example' }
  const labels = { ...shared, 'db.system.name': 'redis', 'indelible.store.kind': 'valkey' }
  expect(found['db.client.operation.duration']).toEqual({
    scope: 'indelible',
    unit: 's',
    points: [
      { ...labels, 'db.operation.name': 'append', count: 1 },
      { ...labels, 'db.operation.name': 'load', count: 2 },
      {
        ...labels,
        'db.operation.name': 'load',
        'error.type': 'ERR_STORE_UNDECODABLE',
        'indelible.error.reason': 'value',
        'db.response.status_code': 'WRONGTYPE',
        count: 1,
      },
      {
        ...labels,
        'db.operation.name': 'load',
        'error.type': 'ERR_STORE_UNAVAILABLE',
        'indelible.error.reason': 'refused',
        count: 1,
      },
      { ...labels, 'db.operation.name': 'increment', 'indelible.store.kind': 'redis', count: 1 },
    ],
  })
  expect(found['indelible.alarms']?.points).toContainEqual({
    ...shared,
    'indelible.alarm.name': 'session_store_memory',
    'indelible.store.kind': 'memory',
    count: 1,
  })
  expect(found['indelible.state_changes']?.points).toContainEqual({
    ...shared,
    'indelible.state.name': 'connected',
    'indelible.store.kind': 'valkey',
    count: 1,
  })
  expect(JSON.stringify(found)).not.toContain(CANARY)
})

test('without a provider the global one is used, and what is disposed of records no more', async () => {
  const { meterProvider, read } = provider()
  metrics.setGlobalMeterProvider(meterProvider)
  onTestFinished(() => metrics.disable())
  const recording = recordMetrics()
  await act(server())
  recording[Symbol.dispose]()
  await act(server())
  expect((await read())['db.client.operation.duration']?.points).toContainEqual(
    expect.objectContaining({ 'db.operation.name': 'append', count: 1 }),
  )
})

test('the documentation names every metric with its attributes, and no other', async () => {
  const { meterProvider, read } = provider()
  const recording = recordMetrics({ meterProvider })
  await act(server())
  recording[Symbol.dispose]()
  const recorded = Object.entries(await read()).map(([name, { unit, points }]) => ({
    name,
    unit,
    attributes: [...new Set(points.flatMap((point) => Object.keys(point)))]
      .filter((key) => key !== 'count')
      .toSorted(),
  }))
  const rows = tableRows(await page('docs/observability.md'), 'opentelemetry')
  expect(
    rows.map(([name, unit, , attributes]) => ({
      name: words(name)[0],
      unit: words(unit)[0],
      attributes: words(attributes).toSorted(),
    })),
  ).toEqual(recorded)
})
