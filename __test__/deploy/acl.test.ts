// The access rules as they are written down, in docs/operations.md and in deploy/users.acl, on the server at hand.

import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type SessionStore, openSessionStore } from 'indelible'
import { sessionStoreContract } from 'indelible/testing'
import { describe, expect, onTestFinished, test } from 'vitest'

import { type TestServer, startServer } from '../../scripts/test-server.mjs'
import { blocks, page, tableRows } from '../docs/support/page.js'
import { type RespClient, connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { startReplica } from '../support/topologies/replica.js'
import { ValkeyCluster } from '../support/topologies/valkey-cluster.js'
import { failureOf, keyOf, labelsOf, openStore } from '../valkey/support/store.js'

const PASSWORD = 'correct horse battery staple'
const DIGEST = createHash('sha256').update(PASSWORD).digest('hex')

const operations = await page('docs/operations.md')
const [documented = ''] = blocks(operations, 'acl')
const deployed = await page('deploy/users.acl')

/** The rules of one user: `on #… resetkeys …`, with the password of these tests. */
function rulesOf(user: string, acl: string): string {
  const line = acl.split('\n').find((text) => text.startsWith(`user ${user} `))
  if (line === undefined) throw new Error(`the text has no user ${user}`)
  return line.slice(`user ${user} `.length).replace(/#\S+/, `#${DIGEST}`)
}

/** A word, or a selector in brackets with all its words. */
const wordsOf = (rules: string): string[] => rules.match(/\([^)]*\)|\S+/g) ?? []

async function addUser(admin: RespClient, rules: string): Promise<string> {
  const username = `u-${randomUUID()}`
  await admin.send('ACL', 'SETUSER', username, ...wordsOf(rules))
  return username
}

const server = ownServer({
  config: { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' },
})

describe.each([
  ['docs/operations.md', () => rulesOf('indelible', documented), { ttlSeconds: 600 }],
  [
    'deploy/users.acl',
    () => rulesOf('indelible', deployed),
    {
      ttlSeconds: 600,
      generation: 'require',
      checks: 'enforce',
      durability: { disk: 'always' },
    },
  ],
] as const)('the contract under the rules of %s', (_, rules, settings) => {
  sessionStoreContract({
    test,
    open: async () => {
      await using admin = await connect(server().port)
      await admin.send('SET', 'taint:v1:generation', `v1 ${'0'.repeat(32)} sha256 600`, 'NX')
      const username = await addUser(admin, rules())
      return openStore(server(), { username, password: PASSWORD, ...settings })
    },
  })
})

/** What the rows of the table say, and the settings under which they say it. */
const VARIATIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  '`generation: require`': { generation: 'require', ttlSeconds: 600 },
  '`generation: off`, or a cluster': { generation: 'off', ttlSeconds: 600 },
  'no `ttlSeconds`, with a generation': {},
  '`durability: { disk: always }`, Sentinel or a cluster': {
    durability: { disk: 'always' },
    checks: 'enforce',
    ttlSeconds: 600,
  },
  '`durability: { replicas }`': { durability: { replicas: 1 } },
  // What the checks need has a row of its own.
  'a cluster': { topology: 'cluster', durability: 'bestEffort', checks: 'off', ttlSeconds: 600 },
  'a database other than 0': { database: 1, ttlSeconds: 600 },
  'Valkey, or Redis 7.2 and newer': { ttlSeconds: 600 },
}

/** What a node answers to `ASKING`, which only a slot on the move calls for. */
async function asks(port: number, username: string): Promise<unknown> {
  await using client = await connect(port)
  await client.send('AUTH', username, PASSWORD)
  return await client.send('ASKING')
}

describe('the variations', () => {
  const rows = tableRows(operations, 'access rules')

  test('are those that the tests know', () => {
    expect(rows.map(([when]) => when).toSorted()).toEqual(Object.keys(VARIATIONS).toSorted())
  })

  test.each(rows)('%s: %s', async (when = '', change = '') => {
    // Redis 7.0 refuses the whole line with a subcommand that it does not know.
    if (when.startsWith('Valkey') && server().kind === 'redis' && server().version.startsWith('7.0')) return
    const [, verb, changed = ''] = /^(add|leave out) `(.+)`$/.exec(change.replaceAll('\\|', '|')) ?? []
    const base = rulesOf('indelible', documented)
    if (verb === 'leave out') expect(base).toContain(changed)
    const rules = verb === 'add' ? `${base} ${changed}` : base.replace(changed, '')

    await using cluster =
      when === 'a cluster' ? await ValkeyCluster.start({ primaries: 1, replicas: 0 }) : undefined
    const { port } = cluster?.peers[0] ?? server()
    await using admin = await connect(port)
    await using _replica = when.includes('replicas') ? await startReplica(server()) : undefined
    await admin.send('ACL', 'LOG', 'RESET')
    const username = await addUser(admin, rules)
    const whereabouts = cluster === undefined ? { endpoint: server().url } : { endpoints: cluster.endpoints }
    const settings = { kind: 'valkey', ...whereabouts, username, password: PASSWORD, ...VARIATIONS[when] }
    await using store = await openSessionStore(settings)
    if (when.includes('require')) {
      await admin.send('SET', 'taint:v1:generation', `v1 ${'0'.repeat(32)} sha256 600`, 'NX')
    }
    const session = randomUUID()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
    expect(labelsOf(await store.loadLabels(session))).toEqual(['PII'])
    const refused = ((await admin.send('ACL', 'LOG')) as unknown[][]).map(
      (entry) => entry[entry.indexOf('object') + 1],
    )
    // A name is a courtesy, and older servers do not even know the command.
    if (cluster !== undefined) expect(await asks(port, username)).toBe('OK')
    expect(refused.filter((command) => command !== 'client|setinfo')).toEqual([])
  })
})

test('the operator of deploy/ may make the generation and ask for the settings, and may not read other keys', async () => {
  await using admin = await connect(server().port)
  const username = await addUser(admin, rulesOf('operator', deployed))
  await using operator = await connect(server().port)
  await operator.send('AUTH', username, PASSWORD)
  expect(await operator.send('GETEX', 'taint:v1:generation', 'PERSIST')).not.toBeNull()
  expect(await operator.send('CONFIG', 'GET', 'appendfsync')).toEqual(['appendfsync', 'always'])
  await expect(operator.send('SET', keyOf(randomUUID()), 'x')).rejects.toMatchObject({ code: 'NOPERM' })
  await expect(operator.send('SMEMBERS', 'elsewhere')).rejects.toMatchObject({ code: 'NOPERM' })
})

/** A server that reads its users from a file and keeps an append-only file. */
async function serverWithUsers(defaultUser: string): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-acl-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const aclfile = join(folder, 'users.acl')
  await writeFile(aclfile, `${defaultUser}\nuser indelible ${rulesOf('indelible', documented)}\n`)
  return startServer({ config: { appendonly: 'yes', appendfsync: 'always', aclfile } })
}

/** What a fresh node loads after an append was acknowledged and the server was killed and started again. */
async function labelsAfterRestart(defaultUser: string): Promise<string[]> {
  await using own = await serverWithUsers(defaultUser)
  // With a TTL an append is a transaction of several commands; one of a single command is not written as such.
  const open = (): Promise<SessionStore> =>
    openStore(own, { username: 'indelible', password: PASSWORD, ttlSeconds: 600 })
  const session = randomUUID()
  {
    await using store = await open()
    expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  }
  await own.stop('SIGKILL')
  await own.restart()
  await using store = await open()
  return labelsOf(await store.loadLabels(session))
}

describe('a server that is started again replays its append-only file as the default user', () => {
  const lineOf = (acl: string): string =>
    acl.split('\n').find((line) => line.startsWith('user default ')) ?? ''

  test.each([
    ['docs/operations.md', lineOf(documented)],
    ['deploy/users.acl', lineOf(deployed)],
  ])('with the default user of %s nothing is lost', async (_, line) => {
    expect(await labelsAfterRestart(line)).toEqual(['PII'])
  })

  /** What is left where the default user has no rights: redis#14541 is not mended in 7.0, valkey#3983 is in 9.1.2. */
  const LEFT: Readonly<Record<string, readonly string[]>> = { 'redis 7.0': [], 'valkey 9.1': ['PII'] }

  test('a default user without rights makes servers of many versions drop every transaction', async (context) => {
    const { kind, version } = server()
    const left = LEFT[`${kind} ${version.split('.').slice(0, 2).join('.')}`]
    if (left === undefined) return context.skip(`nobody has looked at ${kind} ${version}`)
    expect(await labelsAfterRestart('user default off')).toEqual(left)
  })

  test('nobody may log in as the documented default user', async () => {
    await using own = await serverWithUsers(lineOf(documented))
    await using store = await openStore(own)
    expect(failureOf(await store.loadLabels(randomUUID()))).toMatchObject({
      code: 'ERR_STORE_ACCESS',
      reason: 'auth',
    })
  })
})
