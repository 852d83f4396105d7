// Labels of many nodes over one keyspace: nothing is lost between processes, nor by a restart.

import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { startServer } from '../../scripts/test-server.mjs'
import { ownServer } from '../support/servers.js'
import { run } from './support/program.js'
import { labelsOf, openStore } from './support/store.js'

const server = ownServer()

const APPENDS = 1_000

/** Appends `APPENDS` labels one by one, 16 at a time, and loads after each: its own labels must be there. */
const NODE = `
  import { openSessionStore } from 'indelible'
  const [endpoint, session, name, appends] = process.argv.slice(1)
  const store = await openSessionStore({ kind: 'valkey', endpoint, ttlSeconds: 600 })
  let next = 0
  let lost = 0
  const acknowledged = []
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (next < Number(appends)) {
      const label = name + '-' + next++
      const append = await store.appendLabels(session, [label])
      if (!append.ok) throw append.error
      acknowledged.push(label)
      if (next % 50 !== 0) continue
      const known = [...acknowledged]
      const load = await store.loadLabels(session)
      if (!load.ok) throw load.error
      lost += known.filter((label) => !load.labels.has(label)).length
    }
  }))
  process.stdout.write(JSON.stringify({ acknowledged: acknowledged.length, lost }))
`

test(`two processes append ${APPENDS} labels each to one session: nothing is lost`, async () => {
  const session = randomUUID()
  const node = async (name: string): Promise<unknown> => {
    const { code, stdout, stderr } = await run(NODE, [server().url, session, name, String(APPENDS)])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return JSON.parse(stdout)
  }
  const outcomes = await Promise.all([node('a'), node('b')])
  const complete = { acknowledged: APPENDS, lost: 0 }
  expect(outcomes).toEqual([complete, complete])

  await using store = await openStore(server(), { ttlSeconds: 600 })
  const numbers = Array.from({ length: APPENDS }, (_, n) => n)
  const all = ['a', 'b'].flatMap((name) => numbers.map((n) => `${name}-${n}`))
  expect(labelsOf(await store.loadLabels(session))).toEqual(all.sort())
})

test('a restart of the server keeps labels and generation', async () => {
  await using own = await startServer({ config: { appendonly: 'yes' } })
  const session = randomUUID()
  await using before = await openStore(own)
  expect(await before.appendLabels(session, ['PII'])).toEqual({ ok: true })
  await own.restart()
  // For the node that ran on, and for one that starts now.
  expect(labelsOf(await before.loadLabels(session))).toEqual(['PII'])
  await using after = await openStore(own)
  expect(labelsOf(await after.loadLabels(session))).toEqual(['PII'])
  expect(await after.appendLabels(session, ['SECRET'])).toEqual({ ok: true })
  expect(labelsOf(await before.loadLabels(session))).toEqual(['PII', 'SECRET'])
})

test('a restart without its file is a lost keyspace to the node that ran on, not an empty one', async () => {
  await using own = await startServer()
  const session = randomUUID()
  await using store = await openStore(own)
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  await own.restart()
  expect(await store.loadLabels(session)).toMatchObject({
    ok: false,
    error: { code: 'ERR_STORE_KEYSPACE_LOST', reason: 'missing' },
  })
})
