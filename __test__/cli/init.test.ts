import { randomUUID } from 'node:crypto'

import { openSessionStore } from 'indelible'
import { expect, test } from 'vitest'

import { checks, indelible, theCheck } from './support/command.js'
import { documentedUser } from './support/documented-user.js'
import { ownScene } from './support/scene.js'

const GENERATION = 'taint:v1:generation'
const { server, admin, file } = ownScene()

const init = (...args: readonly string[]) => checks(['init', '--endpoint', server().url, ...args])

test('creates one where there is none, without expiry, and a store that requires one then works', async () => {
  const session = randomUUID()
  const config = { kind: 'valkey', endpoint: server().url, generation: 'require' }
  await using before = await openSessionStore(config)
  expect(await before.loadLabels(session)).toMatchObject({
    ok: false,
    error: { code: 'ERR_STORE_KEYSPACE_LOST' },
  })

  expect(theCheck(await init(), 'generation')).toMatchObject({
    status: 'ok',
    detail: expect.stringMatching(/^created/),
  })
  expect(await admin().send('GET', GENERATION)).toMatch(/^v1 [0-9a-f]{32} sha256 -$/)
  expect(await admin().send('TTL', GENERATION)).toBe(-1)
  await using after = await openSessionStore(config)
  expect(await after.loadLabels(session)).toMatchObject({ ok: true })
})

test('records the ttlSeconds of the configuration', async () => {
  const path = await file(
    JSON.stringify({ store: { kind: 'valkey', endpoint: server().url, ttlSeconds: 90 } }),
  )
  await checks(['init', '--config', path])
  expect(await admin().send('GET', GENERATION)).toMatch(/ sha256 90$/)
})

test('leaves one that is there, says so and ends with 0', async () => {
  await init()
  const first = await admin().send('GET', GENERATION)
  expect(theCheck(await init(), 'generation')).toMatchObject({
    status: 'ok',
    detail: expect.stringMatching(/^left as it was/),
  })
  expect(await admin().send('GET', GENERATION)).toBe(first)
})

test('leaves what is no generation, says so and ends with 1; --accept replaces it', async () => {
  await admin().send('SET', GENERATION, 'somebody else')
  expect(theCheck(await init(), 'generation')).toMatchObject({ status: 'fail' })
  expect(await admin().send('GET', GENERATION)).toBe('somebody else')
  expect(theCheck(await init('--accept', '--yes'), 'generation')).toMatchObject({ status: 'ok' })
  expect(await admin().send('GET', GENERATION)).toMatch(/^v1 [0-9a-f]{32} sha256 - accepted$/)
})

test('--accept: a running store that lost its keyspace goes on', async () => {
  const session = randomUUID()
  await using store = await openSessionStore({ kind: 'valkey', endpoint: server().url })
  expect(await store.appendLabels(session, ['a'])).toEqual({ ok: true })
  await admin().send('FLUSHALL')
  expect(await store.loadLabels(session)).toMatchObject({
    ok: false,
    error: { code: 'ERR_STORE_KEYSPACE_LOST' },
  })
  await init('--accept', '--yes')
  expect(await store.loadLabels(session)).toMatchObject({ ok: true })
})

test('--accept asks first; where nobody can answer it needs --yes, and changes nothing', async () => {
  await init()
  const first = await admin().send('GET', GENERATION)
  const { status, stderr } = await indelible(['init', '--endpoint', server().url, '--accept'], {
    stdin: 'yes\n',
  })
  expect(status).toBe(2)
  expect(stderr).toContain('--yes')
  expect(await admin().send('GET', GENERATION)).toBe(first)
})

test('a user who may not write it is told who may; an administrator can', async () => {
  const user = await documentedUser(admin(), (rule) => rule.replace(' +set', ''))
  const options = ['--username', user.username]
  const env = { INDELIBLE_PASSWORD: user.password, INDELIBLE_ADMIN_PASSWORD: randomUUID() }
  const refused = await checks(['init', '--endpoint', server().url, ...options], { env })
  expect(theCheck(refused, 'generation')).toMatchObject({
    status: 'fail',
    hint: expect.stringContaining('--admin-username'),
  })
  await admin().send('ACL', 'SETUSER', 'operator', 'on', `>${env.INDELIBLE_ADMIN_PASSWORD}`, '~*', '+@all')
  const args = ['init', '--endpoint', server().url, ...options, '--admin-username', 'operator']
  expect(theCheck(await checks(args, { env }), 'generation')).toMatchObject({ status: 'ok' })
})

test('a server that cannot be reached is one finding, and 1', async () => {
  const found = await checks(['init', '--endpoint', 'localhost:1'])
  expect(found.map(({ name, status }) => [name, status])).toEqual([['tcp', 'fail']])
})
