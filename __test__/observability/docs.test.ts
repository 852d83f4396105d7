// The examples of docs/observability.md run as they stand, and print what they are said to.

import { expect, test } from 'vitest'

import { runExample } from '../docs/support/examples.js'
import { blocks, page } from '../docs/support/page.js'
import { ownServer } from '../support/servers.js'

const server = ownServer()
const [opentelemetry = '', prometheus = '', ...others] = blocks(await page('docs/observability.md'), 'js')

test('OpenTelemetry', async () => {
  expect(await runExample(opentelemetry, server())).toContain('db.client.operation.duration')
})

test('Prometheus', async () => {
  expect(await runExample(prometheus, server())).toContain(
    'indelible_operation_duration_seconds_count{kind="valkey",op="load",code=""} 1',
  )
})

test('there are no others', () => expect(others).toEqual([]))
