import { randomUUID } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { startServer } from '../../scripts/test-server.mjs'
import { connect } from '../support/resp.js'
import { checks, indelible, named, theCheck } from './support/command.js'
import { type User, documentedUser } from './support/documented-user.js'
import { ownScene } from './support/scene.js'

const { server, admin, file } = ownScene({ config: { appendonly: 'yes', appendfsync: 'always' } })

const configFile = (settings: object): Promise<string> =>
  file(JSON.stringify({ kind: 'valkey', endpoint: server().url, ...settings }))

const SETTINGS = { ttlSeconds: 3600, generation: 'observe' }

async function examined(settings: object, ...args: readonly string[]) {
  return checks(['doctor', '--config', await configFile({ ...SETTINGS, ...settings }), ...args])
}

test('under the documented rules nothing fails, and every check is made', async () => {
  await checks(['init', '--endpoint', server().url])
  const found = await examined(await documentedUser(admin()))
  expect(named(found, 'fail')).toEqual([])
  expect(found.map(({ name }) => name)).toEqual([
    ...['native', 'config', 'dns', 'tcp', 'tls', 'protocol', 'auth', 'opening'],
    ...[
      'permission.info',
      'permission.client',
      'permission.smembers',
      'permission.expire',
      'permission.getex',
    ],
    ...['permission.exec', 'permission.multi', 'permission.sadd', 'permission.set'],
    ...['version', 'role', 'eviction', 'persistence', 'clock', 'default-user', 'generation', 'latency'],
  ])
  // How often the file is synced is not in INFO, and the rules do not let the user ask for more.
  expect(theCheck(found, 'persistence')).toMatchObject({
    status: 'warn',
    hint: expect.stringContaining('config|get'),
  })
  // Made without a TTL, used with one.
  expect(theCheck(found, 'generation')).toMatchObject({ status: 'warn' })
  expect(theCheck(found, 'latency').detail).toMatch(
    /^p50 \d+\.\d\d ms, p99 \d+\.\d\d ms over \d+ round trips$/,
  )
})

test('it changes nothing in the server', async () => {
  await admin().send('SET', 'taint:v1:doctor:neighbour', 'untouched')
  const before = await admin().send('DBSIZE')
  await using watcher = await connect(server().port)
  await using monitor = await watcher.monitor()
  await examined({})
  const commands = await monitor.commands()
  expect(await admin().send('DBSIZE')).toBe(before)
  expect(commands.length).toBeGreaterThan(10)
  // A queued command is seen by MONITOR only if its transaction is executed.
  expect(commands.map(({ args }) => String(args[0]).toUpperCase())).not.toContain('SADD')
  expect(commands.map(({ args }) => String(args[0]).toUpperCase())).not.toContain('SET')
})

describe('a permission that is missing', () => {
  test.each([
    ['+smembers', 'permission.smembers', 'fail'],
    ['+sadd', 'permission.sadd', 'fail'],
    ['+expire', 'permission.expire', 'fail'],
    ['+exec', 'permission.exec', 'fail'],
    ['+info', 'permission.info', 'warn'],
    ['+client|setname', 'permission.client', 'warn'],
  ] as const)('%s is found, tried and asked for', async (rule, name, status) => {
    await checks(['init', '--endpoint', server().url])
    const user = await documentedUser(admin(), (each) => (each === rule ? '' : each))
    const tried = await examined(user)
    expect(theCheck(tried, name)).toMatchObject({ status, detail: expect.stringContaining('may not run') })
    expect(named(tried, 'fail')).toEqual(status === 'fail' ? [name] : [])
    const asked = await examined(user, ...(await asAdministrator()))
    expect(permissions(asked)).toEqual(permissions(tried))
  })

  test.each([
    ['+getex', ['permission.getex', 'generation']],
    ['+set', ['permission.set']],
  ])('%s in the selector is found', async (word, failed) => {
    const user = await documentedUser(admin(), (rule) => rule.replace(`${word} `, ''))
    expect(named(await examined(user), 'fail')).toEqual(failed)
  })

  test('MULTI: what would then write is not even tried', async () => {
    const user = await documentedUser(admin(), (rule) => (rule === '+multi' ? '' : rule))
    const found = await examined(user)
    expect(named(found, 'fail')).toEqual(['permission.multi', 'permission.sadd', 'permission.set'])
    expect(theCheck(found, 'permission.sadd').detail).toContain('not tried')
    expect(await admin().send('EXISTS', 'taint:v1:doctor')).toBe(0)
  })

  test('another key prefix: every command on a key fails', async () => {
    const found = await examined({ ...(await documentedUser(admin())), keyPrefix: 'elsewhere' })
    const failed = ['smembers', 'expire', 'getex', 'sadd', 'set'].map((command) => `permission.${command}`)
    expect(named(found, 'fail')).toEqual([...failed, 'generation'])
  })

  test('nothing is demanded that the configuration does not need', async () => {
    const rules = (rule: string): string => (rule === '+expire' ? '' : rule.replace(' +set', ''))
    await checks(['init', '--endpoint', server().url])
    const path = await configFile({ ...(await documentedUser(admin(), rules)), generation: 'require' })
    expect(named(await checks(['doctor', '--config', path]), 'fail')).toEqual([])
  })

  const permissions = (found: Awaited<ReturnType<typeof checks>>) =>
    found.filter(({ name }) => name.startsWith('permission.')).map(({ name, status }) => [name, status])
})

test('an administrator reads what the user may not', async () => {
  await checks(['init', '--endpoint', server().url])
  const found = await examined(await documentedUser(admin()), ...(await asAdministrator()))
  expect(theCheck(found, 'persistence')).toMatchObject({ status: 'ok' })
  expect(named(found, 'fail')).toEqual([])
})

describe('the default user, as whom the append-only file is replayed', () => {
  /** Examines a server with these rules for its default user as an administrator of it. */
  async function judged(rules: readonly string[], config: Record<string, string> = { appendonly: 'yes' }) {
    await using own = await startServer({ config })
    await using operator = await connect(own.port)
    const [user, password] = [await documentedUser(operator), randomUUID()]
    await operator.send('ACL', 'SETUSER', 'operator', 'on', `>${password}`, '~*', '&*', '+@all')
    await operator.send('ACL', 'SETUSER', 'default', ...rules)
    const passwordFile = await file(password)
    const configuration = await configFile({ ...SETTINGS, ...user, endpoint: own.url })
    const administrator = ['--admin-username', 'operator', '--admin-password-file', passwordFile]
    const found = await checks(['doctor', '--config', configuration, ...administrator])
    expect(JSON.stringify(found)).not.toContain(password)
    return theCheck(found, 'default-user')
  }

  test.each<readonly [string, 'ok' | 'fail', readonly string[]]>([
    ['as documented', 'ok', ['off', 'resetpass']],
    ['without any rights', 'fail', ['off', 'nocommands']],
    ['without transactions', 'fail', ['off', '-multi']],
    ['without the lives of keys', 'fail', ['off', '-pexpireat']],
    ['without the keys', 'fail', ['off', 'resetkeys', '~elsewhere:*']],
  ])('%s: %s', async (_, status, rules) => {
    const check = await judged(rules)
    expect(check.status).toBe(status)
    if (status === 'fail') expect(check.hint).toContain('user default off resetpass ~* &* +@all')
  })

  test('matters only where there is such a file', async () => {
    expect(await judged(['off', 'nocommands'], { appendonly: 'no' })).toMatchObject({ status: 'ok' })
  })

  test('is not seen by the user of a store, who says so', async () => {
    const check = theCheck(await examined(await documentedUser(admin())), 'default-user')
    expect(check).toMatchObject({ status: 'warn', hint: expect.stringContaining('--admin-username') })
  })

  test('is the one that was tried, where a store connects as it', async () => {
    expect(theCheck(await examined({}), 'default-user')).toMatchObject({ status: 'ok' })
  })
})

test('an administrator who is refused is told apart from the user', async () => {
  const path = await file('wrong')
  const found = await examined({}, '--admin-username', 'nobody', '--admin-password-file', path)
  expect(named(found, 'fail')).toEqual(['admin'])
})

/** Makes an administrator, and gives the options to name it. */
async function asAdministrator(): Promise<string[]> {
  const [username, password] = [randomUUID(), randomUUID()]
  await admin().send('ACL', 'SETUSER', username, 'on', `>${password}`, '~*', '+@all')
  const path = await file(`${password}\n`)
  return ['--admin-username', username, '--admin-password-file', path]
}

describe('the generation', () => {
  test.each([
    ['observe', 'warn'],
    ['require', 'fail'],
    ['off', 'warn'],
  ])('missing under %s: %s', async (generation, status) => {
    expect(theCheck(await examined({ generation }), 'generation')).toMatchObject({ status })
  })

  test('of another layout fails, and of the wrong type too', async () => {
    await admin().send('SET', 'taint:v1:generation', 'v9 something else')
    expect(theCheck(await examined({}), 'generation')).toMatchObject({ status: 'fail' })
    await admin().send('DEL', 'taint:v1:generation')
    await admin().send('SADD', 'taint:v1:generation', 'x')
    const found = await examined({})
    expect(named(found, 'fail')).toEqual(['generation'])
  })

  test('as configured is ok', async () => {
    await checks(['init', '--config', await configFile(SETTINGS)])
    expect(theCheck(await examined({}), 'generation')).toMatchObject({ status: 'ok' })
  })
})

describe('the settings of a server', () => {
  test.each([
    [{ 'maxmemory-policy': 'allkeys-lru' }, 'eviction', 'warn'],
    [{ 'maxmemory-policy': 'allkeys-lru', maxmemory: '100mb' }, 'eviction', 'fail'],
    [{ appendonly: 'no' }, 'persistence', 'warn'],
    [{ appendonly: 'yes', appendfsync: 'everysec' }, 'persistence', 'warn'],
    [{ appendonly: 'yes', appendfsync: 'always' }, 'persistence', 'ok'],
  ])('%o: %s is %s', async (config, name, status) => {
    await using other = await startServer({ config })
    expect(theCheck(await checks(['doctor', '--endpoint', other.url]), name)).toMatchObject({ status })
  })

  test('a replica is refused, and its permissions are no problem', async () => {
    await using replica = await startServer({ config: { replicaof: `127.0.0.1 ${server().port}` } })
    const found = await checks(['doctor', '--endpoint', replica.url])
    expect(theCheck(found, 'role')).toMatchObject({ status: 'fail', detail: 'the server is a replica' })
    expect(named(found, 'fail').filter((name) => name.startsWith('permission.'))).toEqual([])
  })

  test('what `checks: enforce` refuses is said as the store will say it', async () => {
    await using other = await startServer({ config: { 'maxmemory-policy': 'volatile-lru' } })
    const path = await configFile({ endpoint: other.url, checks: 'enforce' })
    expect(theCheck(await checks(['doctor', '--config', path]), 'checks')).toMatchObject({ status: 'fail' })
    expect(theCheck(await examined({ checks: 'enforce' }), 'checks')).toMatchObject({ status: 'ok' })
  })

  test('a full server: what would be written is allowed, but refused', async () => {
    await using other = await startServer({ config: { maxmemory: '1' } })
    const found = await checks(['doctor', '--endpoint', other.url])
    expect(theCheck(found, 'permission.sadd')).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('OOM'),
    })
    expect(theCheck(found, 'permission.smembers')).toMatchObject({ status: 'ok' })
  })

  test('its version is judged', async () => {
    const check = theCheck(await examined({}), 'version')
    expect(check.status).not.toBe('fail')
    expect(check.detail).toContain(`${server().kind} ${server().version}`)
  })
})

describe('what is shown', () => {
  test('a line for each check, a hint for each that is not ok, and the count', async () => {
    const { status, stdout, stderr } = await indelible(['doctor', '--endpoint', 'redis://127.0.0.1:1'])
    expect([status, stderr]).toEqual([1, ''])
    expect(stdout).toContain('[ok]   dns: 127.0.0.1 is an address: nothing to resolve\n')
    expect(stdout).toContain('[fail] tcp: 127.0.0.1:1: connection refused\n       hint: ')
    expect(stdout).toMatch(/\d+ ok, \d+ warn, 1 fail\n$/)
  })

  test('no secret, wherever it comes from and whether it is right or wrong', async () => {
    const canary = `canary-${randomUUID()}`
    const user: User = { username: 'canary-user', password: canary }
    await admin().send('ACL', 'SETUSER', user.username, 'on', `>${canary}`, '~*', '+@all')
    const path = await file(canary)
    const url = (name: string): string => `redis://${name}:${canary}@127.0.0.1:${server().port}`
    const commands: [readonly string[], Record<string, string>?][] = [
      [['doctor', '--endpoint', url(user.username)]],
      [['doctor', '--endpoint', url('nobody')]],
      [['doctor', '--endpoint', `${url(user.username)}/x`]],
      [['doctor', '--endpoint', `http://u:${canary}@127.0.0.1`]],
      [['doctor', '--endpoint', `redis://u:${canary}@127.0.0.1:99999`]],
      [['doctor', '--endpoint', `redis://u:${canary}@elsewhere.example`]],
      [['doctor', '--endpoint', server().url, '--username', 'nobody', '--password-file', path]],
      [['doctor', '--endpoint', server().url, '--username', 'nobody'], { INDELIBLE_PASSWORD: canary }],
      [['doctor', '--config', await configFile({ password: canary, username: 'nobody' })]],
      [['doctor', '--config', await configFile({ password: { in: canary } })]],
      [['doctor', '--config', await configFile({ pasword: canary })]],
      [['doctor', '--config', path]],
      [['doctor', '--endpoint', server().url, `--password=${canary}`]],
      [['doctor', '--endpoint', server().url, canary]],
      [
        ['doctor', '--endpoint', server().url, '--admin-username', 'nobody'],
        { INDELIBLE_ADMIN_PASSWORD: canary },
      ],
      [['init', '--endpoint', url('nobody')]],
      [['labels', '--endpoint', url('nobody'), 'session']],
    ]
    for (const [args, env] of commands) {
      const ended = await indelible(args, { env: { ...env } })
      expect(`${ended.stdout}${ended.stderr}`).not.toContain(canary)
      expect(ended.stdout.length + ended.stderr.length).toBeGreaterThan(0)
    }
  })

  test('a password on the command line works and is warned of', async () => {
    const password = randomUUID()
    await admin().send('ACL', 'SETUSER', 'open', 'on', `>${password}`, '~*', '+@all')
    const found = await checks([
      'doctor',
      '--endpoint',
      `redis://open:${password}@127.0.0.1:${server().port}`,
    ])
    expect(theCheck(found, 'command-line')).toMatchObject({ status: 'warn' })
    expect(theCheck(found, 'auth').detail).toBe('connected as user open')
  })

  test('what a server says cannot forge lines of ours', async () => {
    const { stdout } = await indelible([
      'doctor',
      '--config',
      await configFile({ keyPrefix: 'a\n[ok]   tls: \u001B[2J' }),
    ])
    expect(stdout).not.toContain('\u001B')
    expect(stdout).toContain(String.raw`a\u{a}[ok]`)
  })
})
