import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { runInNewContext } from 'node:vm'

import { ConfigError, MemorySessionStore, openSessionStore } from 'indelible'
import type { ConfigErrorCode, OpenSessionStoreOptions, SessionStoreFactory } from 'indelible'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { CONFIG_ERROR_CODES } from '../src/config-error.js'

/** A factory that records what it was opened with. */
function recordingFactory(kind: string = 'custom'): SessionStoreFactory & { readonly opened: unknown[][] } {
  const opened: unknown[][] = []
  return {
    kind,
    opened,
    async open(...parameters) {
      opened.push(parameters)
      return new MemorySessionStore()
    },
  }
}

function factoryThat(open: () => unknown): SessionStoreFactory {
  return { kind: 'custom', open: async () => (await open()) as MemorySessionStore }
}

async function configError(config: unknown, options?: OpenSessionStoreOptions): Promise<ConfigError> {
  const error: unknown = await openSessionStore(config, options).then(
    () => expect.fail('the store was opened'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ConfigError)
  return error as ConfigError
}

const events: { readonly channel: string; readonly name: unknown; readonly kind: unknown }[] = []

function record(message: unknown, channel: string | symbol): void {
  const { name, kind } = message as { name: unknown; kind: unknown }
  events.push({ channel: String(channel), name, kind })
}

beforeEach(() => {
  events.length = 0
  for (const name of ['indelible:alarm', 'indelible:state']) subscribe(name, record)
})

afterEach(() => {
  for (const name of ['indelible:alarm', 'indelible:state']) unsubscribe(name, record)
})

const ALARM = { channel: 'indelible:alarm', name: 'session_store_memory', kind: 'memory' }
const OPENED = { channel: 'indelible:state', name: 'session_store_opened', kind: 'memory' }

describe('no configuration', () => {
  test('is memory, which raises an alarm', async () => {
    const store = await openSessionStore()
    expect(store).toBeInstanceOf(MemorySessionStore)
    expect(events).toEqual([ALARM, OPENED])
  })

  test('is memory without an alarm under checks: off', async () => {
    const store = await openSessionStore(undefined, { checks: 'off' })
    expect(store.kind).toBe('memory')
    expect(events).toEqual([OPENED])
  })

  test('is refused under checks: enforce', async () => {
    const error = await configError(undefined, { checks: 'enforce', path: 'gateway.store' })
    expect(error.code).toBe('ERR_CONFIG_MEMORY_REFUSED')
    expect(error.path).toBe('gateway.store')
    expect(error.message).toMatch(/^gateway\.store: .*name kind: memory$/)
    expect(events).toEqual([])
  })
})

describe('kind: memory', () => {
  test.each(['warn', 'enforce', 'off'] as const)(
    'is memory by choice: no alarm, under checks: %s',
    async (checks) => {
      const store = await openSessionStore({ kind: 'memory' }, { checks })
      expect(store).toBeInstanceOf(MemorySessionStore)
      expect(events).toEqual([OPENED])
    },
  )

  test.each([
    ['an object without prototype', Object.assign(Object.create(null) as object, { kind: 'memory' })],
    ['an object of another realm', runInNewContext('({ kind: "memory" })') as unknown],
  ])('may stand in %s', async (_, config) => {
    const store = await openSessionStore(config)
    expect(store.kind).toBe('memory')
  })
})

describe('a factory', () => {
  test('is picked by its kind and gets the block, its path and the credentials', async () => {
    const [factory, other] = [recordingFactory(), recordingFactory('other')]
    const credentials = (): { password: string } => ({ password: 'secret' })
    const config = { kind: 'custom', endpoint: 'localhost' }
    const store = await openSessionStore(config, {
      factories: [other, factory],
      credentials,
      path: 'a.b',
    })
    expect(store).toBeInstanceOf(MemorySessionStore)
    expect(factory.opened).toEqual([[config, 'a.b', { credentials }]])
    expect(other.opened).toEqual([])
    expect(events).toEqual([{ ...OPENED, kind: 'custom' }])
  })

  test('sees the kind that was checked, even if the block answers differently each time', async () => {
    const factory = recordingFactory()
    let reads = 0
    const config = {
      get kind(): string {
        reads += 1
        return reads === 1 ? 'custom' : 'memory'
      },
    }
    await openSessionStore(config, { factories: [factory] })
    expect(factory.opened).toEqual([[{ kind: 'custom' }, 'store', {}]])
  })

  test('that throws a ConfigError is quoted as it is', async () => {
    const thrown = new ConfigError('ERR_CONFIG_INVALID', 'store.port', 'out of range')
    const factories = [factoryThat(() => Promise.reject(thrown))]
    expect(await configError({ kind: 'custom' }, { factories })).toBe(thrown)
  })

  test('that fails otherwise stops the start, with its error as cause and not as text', async () => {
    const cause = new Error('password hunter2 is wrong')
    const factories = [factoryThat(() => Promise.reject(cause))]
    const error = await configError({ kind: 'custom' }, { factories })
    expect(error).toMatchObject({ code: 'ERR_CONFIG_BUILD_FAILED', path: 'store', cause })
    expect(error.message).toBe('store: kind "custom" failed to open')
  })

  test.each<[string, () => unknown]>([
    ['nothing', () => undefined],
    ['null', () => null],
    ['a number', () => 1],
    ['an empty object', () => ({})],
    ['an object without close', () => ({ loadLabels() {}, appendLabels() {} })],
    ['a throwing proxy', () => new Proxy({}, { get: thrower })],
  ])('that gives %s for a store stops the start', async (_, open) => {
    const error = await configError({ kind: 'custom' }, { factories: [factoryThat(open)] })
    expect(error).toMatchObject({ code: 'ERR_CONFIG_BUILD_FAILED', path: 'store' })
    expect(error.message).toContain('kind "custom"')
  })
})

function thrower(): never {
  throw new RangeError('thrown by the caller')
}

class Settings {
  readonly kind = 'memory'
}

describe('a configuration that is refused', () => {
  // A function each, since the test runner would read the throwing ones for the test's name.
  test.each<[string, () => unknown, ConfigErrorCode, string]>([
    ['null', () => null, 'ERR_CONFIG_INVALID', 'store'],
    ['a string', () => 'memory', 'ERR_CONFIG_INVALID', 'store'],
    ['false', () => false, 'ERR_CONFIG_INVALID', 'store'],
    ['an array', () => [{ kind: 'memory' }], 'ERR_CONFIG_INVALID', 'store'],
    ['a Map', () => new Map([['kind', 'memory']]), 'ERR_CONFIG_INVALID', 'store'],
    ['a class instance', () => new Settings(), 'ERR_CONFIG_INVALID', 'store'],
    [
      'a throwing getter',
      () => Object.defineProperty({}, 'kind', { get: thrower, enumerable: true }),
      'ERR_CONFIG_INVALID',
      'store',
    ],
    ['a throwing proxy', () => new Proxy({}, { ownKeys: thrower }), 'ERR_CONFIG_INVALID', 'store'],
    ['an empty mapping', () => ({}), 'ERR_CONFIG_MISSING_KIND', 'store'],
    ['an inherited kind', () => ({ __proto__: { kind: 'memory' } }), 'ERR_CONFIG_INVALID', 'store'],
    ['an undefined kind', () => ({ kind: undefined }), 'ERR_CONFIG_MISSING_KIND', 'store'],
    ['a null kind', () => ({ kind: null }), 'ERR_CONFIG_INVALID', 'store.kind'],
    ['a number as kind', () => ({ kind: 1 }), 'ERR_CONFIG_INVALID', 'store.kind'],
    ['an unknown kind', () => ({ kind: 'redis' }), 'ERR_CONFIG_UNKNOWN_KIND', 'store.kind'],
    ['a kind in other case', () => ({ kind: 'Memory' }), 'ERR_CONFIG_UNKNOWN_KIND', 'store.kind'],
    ['an empty kind', () => ({ kind: '' }), 'ERR_CONFIG_UNKNOWN_KIND', 'store.kind'],
    ['a kind of Object.prototype', () => ({ kind: 'constructor' }), 'ERR_CONFIG_UNKNOWN_KIND', 'store.kind'],
    [
      'an unknown key',
      () => ({ kind: 'memory', ttlSeconds: 1 }),
      'ERR_CONFIG_UNKNOWN_KEY',
      'store.ttlSeconds',
    ],
  ])('%s', async (_, config, code, path) => {
    const error = await configError(config())
    expect(error).toMatchObject({ name: 'ConfigError', code, path })
    expect(error.message.startsWith(`${path}: `)).toBe(true)
    expect(events).toEqual([])
  })

  test('a polluted prototype does not choose the store', async () => {
    // oxlint-disable-next-line eslint/no-extend-native -- what a polluted dependency does
    Object.defineProperty(Object.prototype, 'kind', { value: 'memory', configurable: true })
    try {
      expect(await configError({})).toMatchObject({ code: 'ERR_CONFIG_MISSING_KIND' })
    } finally {
      Reflect.deleteProperty(Object.prototype, 'kind')
    }
  })

  test('an unknown kind is named, escaped and cut, with the kinds there are', async () => {
    const error = await configError({ kind: 'redis' }, { factories: [recordingFactory()] })
    expect(error.message).toBe('store.kind: unknown kind "redis"; available kinds: custom, memory, valkey')
    const { message } = await configError({ kind: `a\n${'b'.repeat(1000)}` })
    expect(message.length).toBeLessThan(200)
    expect(message).not.toContain('\n')
  })
})

describe('options that are refused', () => {
  const refused: readonly (readonly [string, unknown, ConfigErrorCode, string])[] = [
    ['null', null, 'ERR_CONFIG_INVALID', 'options'],
    ['an unknown option', { factory: [] }, 'ERR_CONFIG_UNKNOWN_KEY', 'options.factory'],
    ['unknown checks', { checks: 'strict' }, 'ERR_CONFIG_INVALID', 'options.checks'],
    [
      'credentials that are no function',
      { credentials: 'hunter2' },
      'ERR_CONFIG_INVALID',
      'options.credentials',
    ],
    ['credentials for memory', { credentials: () => ({ password: '' }) }, 'ERR_CONFIG_INVALID', 'store'],
    ['a path that is no string', { path: 1 }, 'ERR_CONFIG_INVALID', 'options.path'],
    ['factories that are none', { factories: 1 }, 'ERR_CONFIG_INVALID', 'options.factories'],
    ['a factory without open', { factories: [{ kind: 'x' }] }, 'ERR_CONFIG_INVALID', 'options.factories[0]'],
    ['a factory without kind', { factories: [{ open() {} }] }, 'ERR_CONFIG_INVALID', 'options.factories[0]'],
    ['null for a factory', { factories: [null] }, 'ERR_CONFIG_INVALID', 'options.factories[0]'],
    [
      'a factory for memory',
      { factories: [recordingFactory('memory')] },
      'ERR_CONFIG_DUPLICATE_KIND',
      'options.factories[0]',
    ],
    [
      'a factory for valkey',
      { factories: [recordingFactory('valkey')] },
      'ERR_CONFIG_DUPLICATE_KIND',
      'options.factories[0]',
    ],
    [
      'two of a kind',
      { factories: [recordingFactory(), recordingFactory()] },
      'ERR_CONFIG_DUPLICATE_KIND',
      'options.factories[1]',
    ],
  ]
  test.each(refused)('%s', async (_, options, code, path) => {
    const error = await configError({ kind: 'memory' }, options as OpenSessionStoreOptions)
    expect(error).toMatchObject({ code, path })
    expect(error.message).not.toContain('hunter2')
  })
})

test('credentials for kind valkey are taken, unless the configuration holds some as well', async () => {
  const credentials = (): { password: string } => ({ password: 'hunter2' })
  await using store = await openSessionStore({ kind: 'valkey', endpoint: 'localhost:6379' }, { credentials })
  expect(store.kind).toBe('valkey')
  const both = { kind: 'valkey', endpoint: 'localhost:6379', password: 'hunter2' }
  const error = await configError(both, { credentials })
  expect(error).toMatchObject({ code: 'ERR_CONFIG_INVALID', path: 'store.password' })
  expect(error.message).not.toContain('hunter2')
})

test('the codes of a ConfigError are pinned', () => {
  expect(Object.keys(CONFIG_ERROR_CODES)).toEqual([
    'ERR_CONFIG_INVALID',
    'ERR_CONFIG_UNKNOWN_KEY',
    'ERR_CONFIG_MISSING_KIND',
    'ERR_CONFIG_UNKNOWN_KIND',
    'ERR_CONFIG_DUPLICATE_KIND',
    'ERR_CONFIG_MEMORY_REFUSED',
    'ERR_CONFIG_BUILD_FAILED',
    'ERR_CONFIG_NATIVE_UNAVAILABLE',
    'ERR_CONFIG_UNAVAILABLE',
    'ERR_CONFIG_UNREADABLE_FILE',
    'ERR_CONFIG_UNSET_VARIABLE',
  ])
})
