import { randomUUID } from 'node:crypto'

import { openSessionStore } from 'indelible'
import { beforeEach, expect, test } from 'vitest'

import { type RespClient, connect } from '../support/resp.js'
import { startServer } from '../../scripts/test-server.mjs'
import { ownServer } from '../support/servers.js'
import { checks, indelible } from './support/command.js'
import { documentedUser } from './support/documented-user.js'

const server = ownServer({ config: { 'repl-diskless-sync-delay': 0 } })
let admin: RespClient

beforeEach(async () => {
  admin = await connect(server().port)
  return () => admin.close()
})

const labels = (session: string, ...args: readonly string[]) =>
  indelible(['labels', '--endpoint', server().url, ...args, '--', session])

/** Appends as a gateway would, and gives the session and its key. */
async function marked(...marks: readonly string[]): Promise<{ session: string; key: string }> {
  const session = randomUUID()
  await using store = await openSessionStore({ kind: 'valkey', endpoint: server().url, ttlSeconds: 1000 })
  expect(await store.appendLabels(session, marks)).toEqual({ ok: true })
  const { stdout } = await labels(session, '--json')
  return { session, key: (JSON.parse(stdout) as { key: string }).key }
}

test('prints the labels of a session, sorted, one a line', async () => {
  const { session } = await marked('ünï', 'b', 'a c')
  expect(await labels(session)).toEqual({ status: 0, stdout: 'a c\nb\nünï\n', stderr: '' })
})

test('as JSON: with the key, without the session id', async () => {
  const { session, key } = await marked('PII')
  const { status, stdout } = await labels(session, '--json')
  expect(JSON.parse(stdout)).toEqual({ ok: true, key, labels: ['PII'], fromReplica: false })
  expect(key).toMatch(/^taint:v1:[0-9a-f]{64}$/)
  expect(stdout).not.toContain(session)
  expect(status).toBe(0)
})

test('a session without labels says so, aside', async () => {
  expect(await labels(randomUUID())).toEqual({ status: 0, stdout: '', stderr: 'indelible: no labels\n' })
})

test('a session id may begin with a dash', async () => {
  const { status } = await labels('-x')
  expect(status).toBe(0)
})

test('reads and changes nothing: no expiry is refreshed, no generation created', async () => {
  const { session, key } = await marked('PII')
  await admin.send('EXPIRE', key, '500')
  await admin.send('DEL', 'taint:v1:generation')
  await using watcher = await connect(server().port)
  await using monitor = await watcher.monitor()
  await labels(session)
  const names = (await monitor.commands()).map(({ args }) => String(args[0]).toUpperCase())
  expect(names).toEqual(['PING', 'CLIENT', 'SMEMBERS', 'INFO'])
  expect(await admin.send('TTL', key)).toBeLessThanOrEqual(500)
  expect(await admin.send('EXISTS', 'taint:v1:generation')).toBe(0)
})

test('works under the documented rules', async () => {
  const { session } = await marked('PII')
  const { username, password } = await documentedUser(admin)
  const args = ['labels', '--endpoint', server().url, '--username', username, session]
  const { stdout } = await indelible(args, { env: { INDELIBLE_PASSWORD: password } })
  expect(stdout).toBe('PII\n')
})

test('labels that would act on a terminal are shown as what they are', async () => {
  const { session } = await marked('a\nb', '\u001B[2Jx', 'left\u202Eright')
  const { stdout } = await labels(session)
  expect(stdout).toBe(`${String.raw`\u{1b}[2Jx`}\n${String.raw`a\u{a}b`}\n${String.raw`left\u{202e}right`}\n`)
})

test('what cannot be read is a report, and 1', async () => {
  const { session, key } = await marked('PII')
  await admin.send('DEL', key)
  await admin.send('SET', key, 'text')
  const args = ['labels', '--endpoint', server().url, session]
  expect(await checks(args)).toMatchObject([{ name: 'labels', status: 'fail' }])
  expect((await indelible(args)).stdout).toContain('[fail] labels: ')
  expect(await checks(['labels', '--endpoint', 'localhost:1', session])).toMatchObject([{ name: 'tcp' }])
})

test('a replica is named as one', async () => {
  const { session, key } = await marked('PII')
  await using replica = await startServer({ config: { replicaof: `127.0.0.1 ${server().port}` } })
  await using link = await connect(replica.port)
  while ((await link.send('EXISTS', key)) !== 1) await link.send('PING')
  const { status, stderr } = await indelible(['labels', '--endpoint', replica.url, session])
  expect([status, stderr]).toEqual([0, expect.stringContaining('replica')])
})
