// What may stand in a configuration, and what an error says about what may not (docs/compatibility.md, section 1).

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'

import { ConfigError, type ConfigErrorCode, openSessionStore } from 'indelible'
import { afterAll, describe, expect, test } from 'vitest'

import { Recording } from './support/recording.js'

/** A secret that no text may ever contain. */
const CANARY = 'hunter2-canary'

const folder = mkdtempSync(join(tmpdir(), 'indelible-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function refusalOf(block: object): Promise<ConfigError> {
  const error: unknown = await openSessionStore({ kind: 'valkey', ...block }, { path: 'gateway.store' }).then(
    () => expect.fail(`accepted: ${inspect(block)}`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof ConfigError)) throw error
  return error
}

describe('an endpoint on this machine is accepted without TLS', () => {
  test.each([
    'localhost:6379',
    'localhost',
    'redis://127.0.0.1:6379',
    'valkey://127.0.0.1',
    '[::1]:6379',
    'redis://[::1]/2',
    '127.0.0.2',
    'LOCALHOST',
    'REDIS://localhost',
    'unix:///run/valkey.sock',
    'redis://:secret@localhost',
    'redis://us%40er:p%3Aw%2F@localhost',
  ])('%s', async (endpoint) => {
    await using store = await openSessionStore({ kind: 'valkey', endpoint })
    expect(store.kind).toBe('valkey')
  })
})

test('the scheme or the switch turns TLS on', async () => {
  for (const block of [
    { endpoint: 'rediss://labels.example' },
    { endpoint: 'valkeys://labels.example:6380/1' },
    { endpoint: 'labels.example:6380', tls: true },
    { endpoint: 'rediss://10.0.0.1', tls: true },
    { endpoint: 'rediss://10.0.0.1', tls: { serverName: 'labels.example' } },
  ]) {
    await using store = await openSessionStore({ kind: 'valkey', ...block })
    expect(store.kind).toBe('valkey')
  }
})

/** Everything that the block says is refused with this code, at this path, for this reason. */
type Refused = readonly [block: object, path: string, because: RegExp, code?: ConfigErrorCode]

const local = (settings: object): object => ({ endpoint: 'localhost', ...settings })
const endpoint = (text: unknown, because: RegExp): Refused => [{ endpoint: text }, 'endpoint', because]

const TLS_REQUIRED = /TLS is required: use rediss:\/\//
const ENDPOINTS: readonly Refused[] = [
  endpoint('labels.example:6379', TLS_REQUIRED),
  endpoint('10.0.0.1', TLS_REQUIRED),
  endpoint('0.0.0.0', TLS_REQUIRED),
  endpoint('redis://localhost.evil.example', TLS_REQUIRED),
  endpoint('REDIS://evil.example', TLS_REQUIRED),
  endpoint(`redis://user:${CANARY}@evil.example`, TLS_REQUIRED),
  endpoint(`redis://localhost:${CANARY}@evil.example`, TLS_REQUIRED),
  endpoint('redis://evil.example:6379?x=@localhost', /query/),
  endpoint('redis://evil.example:6379#@localhost', /fragment/),
  endpoint('rediss://h/#insecure', /fragment/),
  endpoint(`localhost:99999`, /port/),
  endpoint(`redis://user:${CANARY}@localhost:99999`, /port/),
  endpoint('localhost:0', /port/),
  endpoint('', /no host; use redis:/),
  endpoint('redis://', /no host; use redis:/),
  endpoint(':6379', /host/),
  endpoint('http://localhost', /scheme/),
  endpoint('unix://', /path/),
  endpoint('unix://host/path', /three slashes/),
  endpoint('local host', /host/),
  endpoint('redis://loc%61lhost', /host name/),
  endpoint('redis://user@localhost', /user without a password/),
  endpoint(`user:${CANARY}@localhost`, /credentials without a scheme/),
  endpoint('redis://user:@localhost', /user without a password/),
  endpoint('redis://user:%ff@localhost', /UTF-8/),
  endpoint('localhost/1', /behind host:port/),
  endpoint('redis://localhost/labels', /database number/),
  endpoint('redis://localhost/99999999999', /too large/),
  endpoint(7, /must be text, not a value of kind integer/),
  endpoint([CANARY], /must be text, not a value of kind sequence/),
  endpoint(null, /null is no value/),
  [{}, '', /`endpoint` is missing; add it/],
]

const URL_WITH_LOGIN = `redis://user:${CANARY}@localhost`
const CREDENTIALS: readonly Refused[] = [
  [{ endpoint: URL_WITH_LOGIN, password: CANARY }, 'password', /the URL holds credentials already/],
  [{ endpoint: URL_WITH_LOGIN, username: 'user' }, 'username', /the URL holds credentials already/],
  [{ endpoint: URL_WITH_LOGIN, passwordFile: '/x' }, 'passwordFile', /the URL holds credentials already/],
  [local({ username: 'user' }), 'username', /needs a password: add password or passwordFile/],
  [local({ username: '', password: CANARY }), 'username', /must not be empty/],
  [local({ password: '' }), 'password', /must not be empty/],
  [local({ password: 7 }), 'password', /must be text, not a value of kind integer/],
  [local({ password: [CANARY] }), 'password', /must be text, not a value of kind sequence/],
  [local({ password: { value: CANARY } }), 'password', /must be text, not a value of kind map/],
  [local({ password: null }), 'password', /null is no value/],
  [local({ password: () => CANARY }), 'password', /found a function/],
  [local({ password: CANARY, passwordFile: '/x' }), 'passwordFile', /keep one of the two/],
  [
    local({ passwordFile: '/nowhere' }),
    'passwordFile',
    /must be a readable file/,
    'ERR_CONFIG_UNREADABLE_FILE',
  ],
  [
    local({ passwordFile: file('empty-password', '\n') }),
    'passwordFile',
    /must be a readable file that holds the password/,
    'ERR_CONFIG_UNREADABLE_FILE',
  ],
]

const SECONDS = /must be a whole number of seconds from 1 to 2147483648/
const NUMBERS: readonly Refused[] = [
  ...[0, -1, 1.5, 2 ** 31 + 1, 1e300].map((ttlSeconds): Refused => [
    local({ ttlSeconds }),
    'ttlSeconds',
    SECONDS,
  ]),
  [local({ ttlSeconds: Number.NaN }), 'ttlSeconds', /NaN/],
  [local({ ttlSeconds: Infinity }), 'ttlSeconds', /Infinity/],
  [local({ ttlSeconds: '60' }), 'ttlSeconds', /must be a whole number, not a value of kind string/],
  [local({ ttlSeconds: true }), 'ttlSeconds', /must be a whole number, not a value of kind boolean/],
  [local({ ttlSeconds: 60n }), 'ttlSeconds', /found a bigint/],
  [local({ ttlSeconds: null }), 'ttlSeconds', /null is no value/],
  [local({ maxSessionLifetimeSeconds: 0 }), 'maxSessionLifetimeSeconds', SECONDS],
  ...[0, -5, 0.5, 60_001].flatMap((ms): Refused[] => [
    [local({ connectTimeoutMs: ms }), 'connectTimeoutMs', /whole number of milliseconds from 1 to 60000/],
    [local({ commandTimeoutMs: ms }), 'commandTimeoutMs', /whole number of milliseconds from 1 to 60000/],
  ]),
  [local({ commandTimeoutMs: Infinity }), 'commandTimeoutMs', /Infinity/],
  [local({ retry: { retries: 4 } }), 'retry.retries', /from 0 to 3/],
  [local({ retry: { retries: -1 } }), 'retry.retries', /from 0 to 3/],
  [local({ retry: 1 }), 'retry', /must be a mapping/],
  [local({ retry: { budget: { capacity: 0 } } }), 'retry.budget.capacity', /whole number from 1/],
  [local({ breaker: { failures: 0 } }), 'breaker.failures', /whole number from 1/],
  [local({ breaker: { openMs: 0 } }), 'breaker.openMs', /whole number from 1/],
  [local({ breaker: { openMs: 2, maxOpenMs: 1 } }), 'breaker.maxOpenMs', /shorter than breaker\.openMs/],
  [local({ breaker: false }), 'breaker', /must be a mapping/],
  [local({ ratchet: { maxSessions: 0 } }), 'ratchet.maxSessions', /whole number from 1/],
  [local({ connections: 0 }), 'connections', /from 1 to 64/],
  [local({ connections: 65 }), 'connections', /from 1 to 64/],
  [local({ maxInFlight: 0 }), 'maxInFlight', /from 1 to/],
  [local({ database: -1 }), 'database', /from 0 to 2147483647/],
  [{ endpoint: 'redis://localhost/1', database: 1 }, 'database', /given here and in the URL; remove one/],
]

const REST: readonly Refused[] = [
  [local({ keyPrefix: '' }), 'keyPrefix', /must not be empty/],
  [local({ keyPrefix: 7 }), 'keyPrefix', /must be text/],
  [local({ checks: 'loud' }), 'checks', /must be one of `warn`, `enforce`, `off`/],
  [local({ checks: false }), 'checks', /must be text, one of the words/],
  [local({ generation: 7 }), 'generation', /must be text, one of the words/],
  [local({ durability: 'always' }), 'durability', /must be bestEffort or a mapping of replicas/],
  [local({ durability: { disk: 'sometimes' } }), 'durability.disk', /must be `none` or `always`/],
  [local({ generation: 'on' }), 'generation', /must be one of `observe`, `require`, `off`/],
  [{ endpoint: 'redis://localhost', tls: true }, 'tls', /without TLS; use rediss:/],
  [{ endpoint: 'rediss://localhost', tls: false }, 'tls', /asks for TLS; change one/],
  [local({ tls: CANARY }), 'tls', /must be true, false or a mapping/],
]

const BEST = { durability: 'bestEffort' }
const cluster = (endpoints: unknown, settings: object = BEST): object => ({
  topology: 'cluster',
  endpoints,
  ...settings,
})
const sentinel = (settings: object, others: object = BEST): object => ({
  topology: { sentinel: { service: 'labels', endpoints: ['localhost'], ...settings } },
  ...others,
})
const REMOTE_SENTINEL = { endpoints: ['rediss://sentinel.example'] }
const TOPOLOGY: readonly Refused[] = [
  [local({ topology: 'sentinel' }), 'topology', /must be standalone, cluster or a mapping of sentinel/],
  [local({ topology: 7 }), 'topology', /must be standalone, cluster or a mapping of sentinel/],
  [local({ topology: {} }), 'topology', /`sentinel` is missing; add it/],
  [local({ endpoints: ['localhost'] }), 'endpoints', /nodes of a cluster: name one endpoint/],
  [{ endpoints: ['localhost'] }, 'endpoints', /or write topology: cluster/],
  [{ topology: 'cluster' }, '', /`endpoints` is missing/],
  [cluster([]), 'endpoints', /must list 1 to 32/],
  [cluster(Array.from({ length: 33 }, (_, n) => `localhost:${7000 + n}`)), 'endpoints', /must list 1 to 32/],
  [cluster('localhost'), 'endpoints', /must be a sequence/],
  [cluster(['localhost', 7]), 'endpoints[1]', /must be text/],
  [local({ topology: 'cluster' }), 'endpoint', /is for a single server/],
  [cluster(['localhost:7000', 'LOCALHOST:7000']), 'endpoints[1]', /same host and port as endpoints\[0\]/],
  [cluster(['localhost', 'redis://localhost:6379']), 'endpoints[1]', /same host and port/],
  [cluster(['localhost', 'unix:///run/valkey.sock']), 'endpoints[1]', /Unix socket/],
  [cluster([`redis://user:${CANARY}@localhost`]), 'endpoints[0]', /holds credentials/],
  [cluster(['redis://localhost/0']), 'endpoints[0]', /has a path/],
  [cluster(['localhost', 'labels.example']), 'endpoints[1]', TLS_REQUIRED],
  [cluster(['rediss://localhost', 'redis://localhost:7001']), 'endpoints[1]', /about TLS; use one scheme/],
  [cluster(['redis://localhost'], { ...BEST, tls: true }), 'tls', /without TLS/],
  [cluster(['localhost'], { ...BEST, database: 1 }), 'database', /a cluster has no other/],
  [cluster(['localhost'], {}), 'durability', /write \{ replicas: 1 \}, or bestEffort/],
  [cluster(['localhost'], { durability: { disk: 'always' } }), 'durability.replicas', /must be at least 1/],
  [sentinel({}, { ...BEST, endpoint: 'localhost' }), 'endpoint', /what the sentinels tell/],
  [sentinel({}, { ...BEST, endpoints: ['localhost'] }), 'endpoints', /what the sentinels tell/],
  [sentinel({}, {}), 'durability', /write \{ replicas: 1 \}, or bestEffort/],
  [sentinel({}, { durability: { replicas: 0 } }), 'durability.replicas', /must be at least 1/],
  [sentinel({ service: '' }), 'topology.sentinel.service', /the name in `sentinel monitor`/],
  [sentinel({ service: 'my labels' }), 'topology.sentinel.service', /the name in `sentinel monitor`/],
  [sentinel({ endpoints: [] }), 'topology.sentinel.endpoints', /must list 1 to 32/],
  [sentinel({ endpoints: undefined }), 'topology.sentinel', /`endpoints` is missing/],
  [
    sentinel({ endpoints: ['localhost', 'localhost:26380', 'redis://localhost:26379'] }),
    'topology.sentinel.endpoints[2]',
    /same host and port as endpoints\[0\]/,
  ],
  [sentinel({ endpoints: ['sentinel.example'] }), 'topology.sentinel.endpoints[0]', TLS_REQUIRED],
  [
    sentinel({ endpoints: [`redis://:${CANARY}@localhost`] }),
    'topology.sentinel.endpoints[0]',
    /credentials/,
  ],
  [sentinel({ endpoints: ['redis://localhost/1'] }), 'topology.sentinel.endpoints[0]', /has a path/],
  [sentinel(REMOTE_SENTINEL), 'tls', /name servers on other machines: TLS is required/],
  [sentinel({ username: 'watcher' }), 'topology.sentinel.username', /needs a password/],
  [
    sentinel({ password: CANARY, passwordFile: '/x' }),
    'topology.sentinel.passwordFile',
    /keep one of the two/,
  ],
  [sentinel({ tls: { cert: '/x' } }), 'topology.sentinel.tls.key', /tls\.cert needs its key/],
]

const DURABILITY: readonly Refused[] = [
  [local({ durability: { replicas: -1 } }), 'durability.replicas', /from 0 to 8/],
  [local({ durability: { replicas: 9 } }), 'durability.replicas', /from 0 to 8/],
  [local({ durability: { replicas: 1, timeoutMs: 0 } }), 'durability.timeoutMs', /from 1 to 59900/],
  [
    local({ durability: { replicas: 1, timeoutMs: 401 } }),
    'durability.timeoutMs',
    /100 less than commandTimeoutMs/,
  ],
  [local({ durability: { timeoutMs: 401 } }), 'durability.timeoutMs', /100 less than commandTimeoutMs/],
  [
    local({ durability: { replicas: 1 }, commandTimeoutMs: 399 }),
    'durability.timeoutMs',
    /100 less than commandTimeoutMs/,
  ],
]

const UNKNOWN: readonly Refused[] = [
  [local({ failOpen: true }), 'failOpen', /`endpoint`/],
  [local({ ttlseconds: 60 }), 'ttlseconds', /`ttlSeconds`/],
  [local({ retry: { retires: 1 } }), 'retry.retires', /`retries`/],
  [local({ breaker: { failure: 3 } }), 'breaker.failure', /`failures`/],
  [local({ durability: { replica: 1 } }), 'durability.replica', /`replicas`/],
  [local({ topology: { sentinels: {} } }), 'topology.sentinels', /`sentinel`/],
  [sentinel({ master: 'labels' }), 'topology.sentinel.master', /`service`/],
  [local({ tls: { insecure: true } }), 'tls.insecure', /`serverName`/],
].map(([block, path, because]) => [block, path, because, 'ERR_CONFIG_UNKNOWN_KEY'] as Refused)

describe('what cannot be meant is refused, with the path, the kind of store and a remedy, and never a value', () => {
  test.each(
    [...ENDPOINTS, ...CREDENTIALS, ...NUMBERS, ...REST, ...TOPOLOGY, ...DURABILITY, ...UNKNOWN].map((row) => [
      inspect(row[0], { breakLength: Infinity }),
      row,
    ]),
  )('%s', async (_, [block, path, because, code = 'ERR_CONFIG_INVALID']) => {
    const error = await refusalOf(block)
    expect(error.message).toMatch(because)
    expect(error.path).toBe(path === '' ? 'gateway.store' : `gateway.store.${path}`)
    expect(error.message.startsWith(`${error.path}: `)).toBe(true)
    expect(error.code).toBe(code)
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(CANARY)
  })

  test.each([{}, local({ failOpen: true }), local({ ttlSeconds: 0 }), { endpoint: 'evil.example' }])(
    'the kind of store is named: %j',
    async (block) => {
      expect((await refusalOf(block)).message).toContain('kind "valkey"')
    },
  )
})

test('a block that contains itself is refused', async () => {
  const block: Record<string, unknown> = local({}) as Record<string, unknown>
  block['tls'] = block
  expect((await refusalOf(block)).message).toMatch(/^gateway\.store\.tls/)
})

describe('ttlSeconds below maxSessionLifetimeSeconds is an alarm at the start', () => {
  test.each([
    [{ ttlSeconds: 60, maxSessionLifetimeSeconds: 61 }, 1],
    [{ ttlSeconds: 60, maxSessionLifetimeSeconds: 60 }, 0],
    [{ maxSessionLifetimeSeconds: 60 }, 0],
    [{ ttlSeconds: 60 }, 0],
  ])('%j', async (settings, alarms) => {
    using recording = new Recording('indelible:alarm')
    await using store = await openSessionStore({
      kind: 'valkey',
      endpoint: 'redis://127.0.0.1:1',
      ...settings,
    })
    // Alarms of the start come with the first answers at the latest.
    expect(await store.loadLabels('s')).toMatchObject({ ok: false })
    expect(recording.named('session_store_ttl_unsound')).toHaveLength(alarms)
    for (const alarm of recording.named('session_store_ttl_unsound')) {
      expect(alarm).toEqual({ name: 'session_store_ttl_unsound', kind: 'valkey', ...settings })
    }
  })
})

test('an open store shows no secret to inspection or JSON', async () => {
  const block = { kind: 'valkey', endpoint: 'localhost', username: 'user', password: CANARY }
  await using store = await openSessionStore(block)
  expect(inspect(store, { depth: 9, showHidden: true })).not.toContain(CANARY)
  expect(JSON.stringify(store)).not.toContain(CANARY)
})
