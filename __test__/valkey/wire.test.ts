// The commands that reach the server, byte for byte, as MONITOR shows them (docs/compatibility.md, section 1).

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { type SessionStore } from 'indelible'
import { describe, expect, test } from 'vitest'

import { connect } from '../support/resp.js'
import { startServer } from '../../scripts/test-server.mjs'
import { ownServer } from '../support/servers.js'
import { keyOf, labelsOf, openStore } from './support/store.js'

const server = ownServer()

const GENERATION = ['GETEX', 'taint:v1:generation', 'PERSIST']

/** The commands that `act` makes the store send over a connection that is open already. */
async function commandsOf(
  settings: Readonly<Record<string, unknown>>,
  act: (store: SessionStore) => Promise<{ readonly ok: boolean }>,
  before: (store: SessionStore) => Promise<void> = () => Promise.resolve(),
): Promise<(readonly (string | Buffer)[])[]> {
  await using store = await openStore(server(), { connections: 1, ...settings })
  labelsOf(await store.loadLabels(randomUUID())) // the connection greets the server and learns the generation
  await before(store)
  await using admin = await connect(server().port)
  await using monitor = await admin.monitor()
  expect(await act(store)).toMatchObject({ ok: true })
  return (await monitor.commands()).map(({ args }) => args)
}

const MODES = {
  'as configured by default': {},
  'with a TTL': { ttlSeconds: 600 },
  'without a generation': { generation: 'off' },
  'with a TTL, without a generation': { generation: 'off', ttlSeconds: 600 },
} as const

describe('a load reads, refreshes and ends in its proof', () => {
  test.each([
    ['as configured by default', (k: string) => [['SMEMBERS', k], GENERATION]],
    ['with a TTL', (k: string) => [['SMEMBERS', k], ['EXPIRE', k, '610', 'GT'], GENERATION]],
    [
      'without a generation',
      (k: string) => [
        ['SMEMBERS', k],
        ['EXPIRE', k, '1', 'GT'],
      ],
    ],
    [
      'with a TTL, without a generation',
      (k: string) => [
        ['SMEMBERS', k],
        ['EXPIRE', k, '610', 'GT'],
      ],
    ],
  ] as const)('%s', async (mode, expected) => {
    const session = randomUUID()
    const seen = await commandsOf(MODES[mode], (store) => store.loadLabels(session))
    expect(seen).toEqual(expected(keyOf(session)))
  })
})

describe('an append is one transaction, and its proof comes after it', () => {
  const added = (k: string): string[] => ['SADD', k, 'PII', 'x y', 'a\nb', 'ünï']
  const armed = (k: string): string[][] => [
    ['EXPIRE', k, '610', 'NX'],
    ['EXPIRE', k, '610', 'GT'],
  ]
  test.each([
    ['as configured by default', (k: string) => [['MULTI'], added(k), ['EXEC'], GENERATION]],
    ['with a TTL', (k: string) => [['MULTI'], added(k), ...armed(k), ['EXEC'], GENERATION]],
    ['without a generation', (k: string) => [['MULTI'], added(k), ['EXEC']]],
    ['with a TTL, without a generation', (k: string) => [['MULTI'], added(k), ...armed(k), ['EXEC']]],
  ] as const)('%s', async (mode, expected) => {
    const session = randomUUID()
    const labels = ['PII', 'x y', 'a\nb', 'ünï', 'PII']
    const seen = await commandsOf(MODES[mode], (store) => store.appendLabels(session, labels))
    expect(seen).toEqual(expected(keyOf(session)))
  })
})

describe('a life that was renewed a moment ago is left as it is', () => {
  const session = randomUUID()
  const k = keyOf(session)
  const after = (act: (store: SessionStore) => Promise<{ readonly ok: boolean }>, settings = {}) =>
    commandsOf({ ttlSeconds: 600, ...settings }, act, async (store) => {
      expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
    })

  test('a load only reads', async () => {
    expect(await after((store) => store.loadLabels(session))).toEqual([['SMEMBERS', k], GENERATION])
  })

  test('an append arms what may be a new key, and no more', async () => {
    expect(await after((store) => store.appendLabels(session, ['B']))).toEqual([
      ['MULTI'],
      ['SADD', k, 'B'],
      ['EXPIRE', k, '610', 'NX'],
      ['EXEC'],
      GENERATION,
    ])
  })

  test('where the renewal is the proof, it is sent', async () => {
    expect(await after((store) => store.loadLabels(session), { generation: 'off' })).toEqual([
      ['SMEMBERS', k],
      ['EXPIRE', k, '610', 'GT'],
    ])
  })

  test('under a TTL of less than a minute every load renews', async () => {
    expect(await after((store) => store.loadLabels(session), { ttlSeconds: 59 })).toEqual([
      ['SMEMBERS', k],
      ['EXPIRE', k, '59', 'GT'],
      GENERATION,
    ])
  })
})

describe('several ids travel together', () => {
  const ids = [randomUUID(), randomUUID(), randomUUID()]
  const keys = ids.map((id) => keyOf(id))

  test('a load reads every one and proves them once', async () => {
    const seen = await commandsOf(MODES['with a TTL'], (store) => store.loadLabels([...ids, ...ids]))
    const reads = keys.flatMap((k) => [
      ['SMEMBERS', k],
      ['EXPIRE', k, '610', 'GT'],
    ])
    expect(seen).toEqual([...reads, GENERATION])
  })

  test('without a generation the proof is a write on the last key read', async () => {
    const seen = await commandsOf(MODES['without a generation'], (store) => store.loadLabels(ids))
    expect(seen).toEqual([...keys.map((k) => ['SMEMBERS', k]), ['EXPIRE', keys.at(-1), '1', 'GT']])
  })

  test('an append is one transaction over all of them', async () => {
    const seen = await commandsOf({}, (store) => store.appendLabels([...ids, ...ids], ['PII']))
    expect(seen).toEqual([['MULTI'], ...keys.map((k) => ['SADD', k, 'PII']), ['EXEC'], GENERATION])
  })
})

test('operations of one turn share one proof, and their appends one transaction', async () => {
  const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()]
  const seen = await commandsOf({}, async (store) => {
    const results = await Promise.all([
      store.loadLabels(a),
      store.appendLabels(b, ['B']),
      store.appendLabels(c, ['C']),
      store.loadLabels(a),
    ])
    return { ok: results.every(({ ok }) => ok) }
  })
  expect(seen).toEqual([
    ['MULTI'],
    ['SADD', keyOf(b), 'B'],
    ['SADD', keyOf(c), 'C'],
    ['EXEC'],
    ['SMEMBERS', keyOf(a)],
    ['SMEMBERS', keyOf(a)],
    GENERATION,
  ])
})

test('an empty label list is ok and sends nothing, server up or down', async () => {
  expect(await commandsOf({}, (store) => store.appendLabels(randomUUID(), []))).toEqual([])
  await using store = await openStore({ url: 'redis://127.0.0.1:1' })
  expect(await store.appendLabels(randomUUID(), [])).toEqual({ ok: true })
})

test('what is refused is never sent', async () => {
  const session = randomUUID()
  const seen = await commandsOf({}, async (store) => {
    const refused = await Promise.all([
      store.loadLabels(''),
      store.loadLabels('\ud800'),
      store.appendLabels('', ['PII']),
      store.appendLabels(session, ['']),
      store.appendLabels(session, ['PII', '\ud800']),
      store.appendLabels(session, ['PII'], { signal: AbortSignal.abort() }),
    ])
    return { ok: refused.every(({ ok }) => !ok) }
  })
  expect(seen).toEqual([])
})

interface KeyVectors {
  readonly prefix: string
  readonly keys: readonly { readonly sessionId: string; readonly key: string }[]
}

const VECTORS = JSON.parse(
  readFileSync(new URL('../vectors/label-keys.json', import.meta.url), 'utf8'),
) as KeyVectors

test('keys are those of the vectors, and there are no others but the generation', async () => {
  await using own = await startServer()
  await using store = await openStore(own, { keyPrefix: VECTORS.prefix })
  await using admin = await connect(own.port)
  for (const { sessionId, key } of VECTORS.keys) {
    expect(await store.appendLabels(sessionId, ['PII'])).toEqual({ ok: true })
    expect(await admin.send('SMEMBERS', key)).toEqual(['PII'])
    // The other way: what a node of another make has written.
    expect(await admin.send('SADD', key, 'theirs')).toBe(1)
    expect(labelsOf(await store.loadLabels(sessionId))).toEqual(['PII', 'theirs'])
  }
  const keys = [...VECTORS.keys.map(({ key }) => key), `${VECTORS.prefix}:generation`]
  expect(((await admin.send('KEYS', '*')) as string[]).sort()).toEqual(keys.sort())
})

test('a prefix is taken as it is, a colon at its end too', async () => {
  await using store = await openStore(server(), { keyPrefix: 'foo:' })
  await using admin = await connect(server().port)
  const session = randomUUID()
  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true })
  expect(await admin.send('SMEMBERS', keyOf(session, 'foo:'))).toEqual(['PII'])
  expect(await admin.send('EXISTS', 'foo::generation')).toBe(1)
})

test('a TTL is given once, lengthened by loads, and never shortened or given to a set that has none', async () => {
  await using store = await openStore(server(), { ttlSeconds: 600 })
  await using other = await openStore(server(), { ttlSeconds: 600 }) // it has not renewed this life a moment ago
  await using forever = await openStore(server())
  await using admin = await connect(server().port)
  const session = randomUUID()
  const ttl = async (): Promise<unknown> => admin.send('TTL', keyOf(session))

  expect(await forever.appendLabels(session, ['PII'])).toEqual({ ok: true })
  expect(await ttl()).toBe(-1)
  labelsOf(await store.loadLabels(session))
  expect(await ttl()).toBe(-1)

  expect(await store.appendLabels(session, ['PII'])).toEqual({ ok: true }) // a set without a life gets one
  expect(await ttl()).toBeGreaterThan(590)
  await admin.send('EXPIRE', keyOf(session), '100')
  labelsOf(await forever.loadLabels(session))
  expect(await forever.appendLabels(session, ['SECRET'])).toEqual({ ok: true })
  expect(await ttl()).toBeLessThanOrEqual(100)
  expect(await ttl()).toBeGreaterThan(0) // a store without a TTL took nothing away
  labelsOf(await other.loadLabels(session))
  expect(await ttl()).toBeGreaterThan(590)

  await admin.send('EXPIRE', keyOf(session), '5000')
  labelsOf(await store.loadLabels(session))
  expect(await store.appendLabels(session, ['MORE'])).toEqual({ ok: true })
  expect(await ttl()).toBeGreaterThan(4_900)
  labelsOf(await store.loadLabels(session))
})
