// What a Prometheus server scrapes of the activity of stores, against the real package.

import { recordMetrics } from 'indelible/prometheus'
import { RedisBackend, createRateLimiter } from 'indelible/storage'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'

import { page, tableRows, words } from '../docs/support/page.js'
import { ownServer } from '../support/servers.js'
import { CANARY, act } from './support/activity.js'

const server = ownServer()

/** The samples with these names, as a scrape shows them. */
const samples = async (registry: Registry, ...names: string[]): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => names.some((name) => line.startsWith(`${name}{`)))

test('operations, failures, alarms and states are scraped', async () => {
  const registry = new Registry()
  const recording = recordMetrics(registry)
  await act(server())

  expect(await samples(registry, 'indelible_operation_duration_seconds_count')).toEqual([
    'indelible_operation_duration_seconds_count{kind="valkey",op="append",code=""} 1',
    'indelible_operation_duration_seconds_count{kind="valkey",op="load",code=""} 2',
    'indelible_operation_duration_seconds_count{kind="valkey",op="load",code="ERR_STORE_UNDECODABLE"} 1',
    'indelible_operation_duration_seconds_count{kind="valkey",op="load",code="ERR_STORE_UNAVAILABLE"} 1',
    'indelible_operation_duration_seconds_count{kind="redis",op="increment",code=""} 1',
  ])
  expect(await samples(registry, 'indelible_operation_failures_total')).toEqual([
    'indelible_operation_failures_total{kind="valkey",op="load",code="ERR_STORE_UNDECODABLE",reason="value"} 1',
    'indelible_operation_failures_total{kind="valkey",op="load",code="ERR_STORE_UNAVAILABLE",reason="refused"} 1',
  ])
  expect(await samples(registry, 'indelible_alarms_total')).toContain(
    'indelible_alarms_total{kind="memory",name="session_store_memory"} 1',
  )
  expect(await samples(registry, 'indelible_state_changes_total')).toContain(
    'indelible_state_changes_total{kind="valkey",name="connected"} 1',
  )
  expect(await registry.metrics()).not.toContain(CANARY)
  recording[Symbol.dispose]()
})

test('what a limiter lets pass while its store is down is counted, hit by hit', async () => {
  const registry = new Registry()
  using _recording = recordMetrics(registry)
  await using backend = await RedisBackend.connect({ url: 'redis://127.0.0.1:1', retry: { retries: 0 } })
  const options = { points: 1, windowSecs: 60, keyPrefix: 'x', onStoreError: 'allow' } as const
  const limiter = createRateLimiter(backend.rateLimiter(), options)
  for (const _ of [1, 2, 3]) {
    expect(await limiter.consume('alice')).toMatchObject({ allowed: true, reason: 'store-failed' })
  }
  expect(await samples(registry, 'indelible_operation_failures_total')).toEqual([
    'indelible_operation_failures_total{kind="redis",op="increment",code="ERR_STORE_UNAVAILABLE",reason="refused"} 3',
  ])
})

test('what is disposed of is in the registry no longer', async () => {
  const registry = new Registry()
  const recording = recordMetrics(registry)
  await act(server())
  recording[Symbol.dispose]()
  expect((await registry.metrics()).trim()).toBe('')
})

test('a duration is in seconds', async () => {
  const registry = new Registry()
  const recording = recordMetrics(registry)
  const start = performance.now()
  await act(server())
  const elapsedSeconds = (performance.now() - start) / 1000
  const [sum = ''] = await samples(registry, 'indelible_operation_duration_seconds_sum')
  const value = Number(sum.split(' ')[1])
  expect(value).toBeGreaterThan(0)
  expect(value).toBeLessThan(elapsedSeconds)
  recording[Symbol.dispose]()
})

test('a registry takes it once at a time', () => {
  const registry = new Registry()
  const first = recordMetrics(registry)
  expect(() => recordMetrics(registry)).toThrow('already been registered')
  first[Symbol.dispose]()
  recordMetrics(registry)[Symbol.dispose]()
})

test('the documentation names every metric with its labels, and no other', async () => {
  const registry = new Registry()
  const recording = recordMetrics(registry)
  const registered = (await registry.getMetricsAsJSON()) as unknown as { name: string; type: string }[]
  const labels = registered.map(({ name }) => {
    const metric = registry.getSingleMetric(name) as unknown as { labelNames: readonly string[] }
    return metric.labelNames
  })
  recording[Symbol.dispose]()
  const rows = tableRows(await page('docs/observability.md'), 'prometheus')
  expect(rows.map(([name, type, , names]) => ({ name: words(name)[0], type, labels: words(names) }))).toEqual(
    registered.map(({ name, type }, index) => ({ name, type, labels: labels[index] })),
  )
})
