// deploy/sentinel and deploy/cluster as an operator boots them, under a store with the settings that they come with.

import { randomUUID } from 'node:crypto'

import { type SessionStore, openSessionStore } from 'indelible'
import { expect, test } from 'vitest'

import { until } from '../support/topologies/until.js'
import type { StoreHealth } from '../../src/store-health.js'
import { failureOf, labelsOf } from '../valkey/support/store.js'
import { ownImage } from './support/image-hooks.js'
import { connectTo } from './support/introduction.js'
import { portDecade } from './support/port-decade.js'
import { Project } from './support/project.js'

const image = ownImage()

/** A copy of deploy/`name` on free ports, not started yet, and its store block with these ports. */
async function copied(name: string): Promise<{ project: Project; decade: string; block: object }> {
  const decade = await portDecade()
  const project = await Project.copy(name, image(), { PORTS: decade })
  const block = JSON.stringify(await project.block()).replaceAll(/:700([1-6])/g, `:${decade}$1`)
  return { project, decade, block: JSON.parse(block) as object }
}

function healthOf(store: SessionStore): StoreHealth {
  return (store as SessionStore & { health: () => StoreHealth }).health()
}

/** Whether a sentinel, at its port, knows of both others and of both replicas, which it is told within ten seconds. */
async function knowsAll(project: Project, port: number): Promise<boolean> {
  await using sentinel = await connectTo(port, project.path(), { user: 'operator' })
  const others = (await sentinel.send('SENTINEL', 'SENTINELS', 'labels')) as unknown[]
  const replicas = (await sentinel.send('SENTINEL', 'REPLICAS', 'labels')) as unknown[]
  return others.length === 2 && replicas.length === 2
}

/** Resolves once an append to a session succeeds. */
async function appended(store: SessionStore, session: string, label: string): Promise<void> {
  await until(`${label} to be appended`, async () => (await store.appendLabels(session, [label])).ok)
}

test('deploy/sentinel keeps labels over the death of its primary', { timeout: 60_000 }, async () => {
  const { project, decade, block } = await copied('sentinel')
  await using _ = project
  await project.run('up', '-d')
  for (const digit of [4, 5, 6]) {
    await until('sentinels that know all', () => knowsAll(project, Number(`${decade}${digit}`)))
  }
  await until('the generation', async () => (await project.indelible('init', block)).ok)
  await using store = await openSessionStore(block)
  const session = randomUUID()
  await appended(store, session, 'PII')

  const before = healthOf(store)
  expect(before).toMatchObject({ state: 'connected', role: 'primary', checks: [], generation: 'pinned' })
  expect(before.sentinel).toMatchObject({ sentinels: 3, answering: 3 })
  const port = before.sentinel?.primary?.split(':')[1] ?? ''
  const server = `server-${port.at(-1)}`

  await project.run('kill', '-s', 'KILL', server)
  const labels = await until('a successor', async () => {
    const load = await store.loadLabels(session)
    return load.ok && labelsOf(load)
  })
  expect(labels).toEqual(['PII'])
  expect(healthOf(store).sentinel?.primary).not.toBe(before.sentinel?.primary)
  // Both replicas are demanded, and one of them is the primary now.
  expect(failureOf(await store.appendLabels(session, ['HR']))).toMatchObject({
    code: 'ERR_STORE_NOT_DURABLE',
  })

  await project.run('up', '-d', server)
  await appended(store, session, 'HR')
  expect(labelsOf(await store.loadLabels(session)).toSorted()).toEqual(['HR', 'PII'])
})

test('deploy/cluster keeps labels on all of its shards', { timeout: 60_000 }, async () => {
  const { project, block } = await copied('cluster')
  await using _ = project
  await project.run('up', '-d')
  await using store = await openSessionStore(block)
  const sessions = Array.from({ length: 24 }, () => randomUUID())
  for (const session of sessions) await appended(store, session, 'PII')
  for (const session of sessions) expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])

  const { nodes = [], ...health } = healthOf(store)
  expect(health).toMatchObject({ state: 'connected', role: 'primary', checks: [] })
  expect(nodes).toHaveLength(3)
  expect(nodes.map(({ state }) => state)).toEqual(['connected', 'connected', 'connected'])
  expect(nodes.reduce((sum, { slots }) => sum + slots, 0)).toBe(16_384)
})
