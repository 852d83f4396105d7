// Policies read through memory and a shared cache: one load at a time, and an invalidate that always wins.

import { ConfigError } from 'indelible'
import { type PolicyDocument, type ReadThroughOptions, ReadThroughPolicyStore } from 'indelible/storage'
import { describe, expect, onTestFinished, test } from 'vitest'

import { failed } from '../../src/results.js'
import { failureOf, freshId, openBackend, valueOf } from './support/storage.js'
import { ScriptedPolicyCache } from './support/scripted-policy-cache.js'

const policy = (version: number): PolicyDocument => ({
  version,
  name: 'n',
  rules: [],
  enforcementMode: 'enforce',
})

/** The authority: one policy for every agent, of a version that the test sets, and a count of how often it was asked. */
class Authority {
  version = 1
  loads = 0
  /** Runs while the load is under way, after the version was read. */
  meanwhile: () => unknown = () => undefined

  readonly load = async (): Promise<PolicyDocument> => {
    this.loads += 1
    const document = policy(this.version)
    await this.meanwhile()
    return document
  }
}

interface Setup {
  readonly store: ReadThroughPolicyStore
  readonly cache: ScriptedPolicyCache
  readonly authority: Authority
  readonly agent: string
}

function setUp(options: Partial<ReadThroughOptions> = {}): Setup {
  const [cache, authority] = [new ScriptedPolicyCache(), new Authority()]
  const store = new ReadThroughPolicyStore(cache, { load: authority.load, ...options })
  onTestFinished(() => store[Symbol.dispose]())
  return { store, cache, authority, agent: freshId() }
}

/** Resolves when the cache has done this step. */
async function reached(cache: ScriptedPolicyCache, step: string): Promise<void> {
  await expect.poll(() => cache.steps.at(-1), { interval: 1 }).toBe(step)
}

describe('a read', () => {
  test('asks memory, then the shared cache, then the loader, and fills what was empty', async () => {
    const { store, cache, authority, agent } = setUp()
    expect(valueOf(await store.getPolicy(agent))).toEqual(policy(1))
    expect(cache.steps).toEqual(['get', 'cache'])
    expect(store.peek(agent)).toBeUndefined() // only what was read from the cache is remembered
    expect(valueOf(await store.getPolicy(agent))).toEqual(policy(1))
    expect(store.peek(agent)).toEqual(policy(1))
    for (let read = 0; read < 10; read += 1) expect(valueOf(await store.getPolicy(agent))).toEqual(policy(1))
    expect(cache.steps).toEqual(['get', 'cache', 'get'])
    expect(authority.loads).toBe(1)
  })

  test('of memory answers the same promise and allocates nothing', async () => {
    const { store, cache, agent } = setUp()
    valueOf(await cache.cachePolicy(agent, policy(1)))
    valueOf(await store.getPolicy(agent))
    expect(store.getPolicy(agent)).toBe(store.getPolicy(agent))
    expect(valueOf(await store.getPolicy(agent.toUpperCase()))).toEqual(policy(1))
    expect(valueOf(await store.getPolicy(Buffer.from(agent, 'hex')))).toEqual(policy(1))
    expect(store.size).toBe(1)
  })

  test('of one policy by many is one load; of many policies it is one each', async () => {
    const { store, authority, agent } = setUp()
    const agents = [agent, freshId(), freshId()]
    const reads = agents.flatMap((each) => Array.from({ length: 100 }, () => store.getPolicy(each)))
    for (const result of await Promise.all(reads)) expect(valueOf(result)).toEqual(policy(1))
    expect(authority.loads).toBe(3)
  })

  test('of an agent without a policy is null, and nothing is remembered', async () => {
    let loads = 0
    const { store, cache, agent } = setUp({
      load: () => {
        loads += 1
        return null
      },
    })
    expect(valueOf(await store.getPolicy(agent))).toBeNull()
    expect(valueOf(await store.getPolicy(agent))).toBeNull()
    expect(loads).toBe(2)
    expect(cache.steps).toEqual(['get', 'get'])
  })

  test('refuses what is no id', async () => {
    const { store } = setUp()
    expect(failureOf(await store.getPolicy('x')).code).toBe('ERR_STORE_INVALID_ARGUMENT')
    expect(failureOf(await store.invalidate('x')).code).toBe('ERR_STORE_INVALID_ARGUMENT')
  })
})

describe('memory', () => {
  test('is bounded: what was used longest ago goes first', async () => {
    const { store, cache } = setUp({ maxEntries: 3 })
    const agents = Array.from({ length: 4 }, freshId)
    for (const agent of agents) valueOf(await cache.cachePolicy(agent, policy(1)))
    const [first = '', second = '', third = '', fourth = ''] = agents
    for (const agent of [first, second, third]) valueOf(await store.getPolicy(agent))
    expect(store.peek(first)).toEqual(policy(1)) // used again
    valueOf(await store.getPolicy(fourth))
    expect(store.size).toBe(3)
    expect(agents.map((agent) => store.peek(agent) !== undefined)).toEqual([true, false, true, true])
  })

  test('ends with its time', async () => {
    const { store, cache, agent } = setUp({ ttlSecs: 1 })
    valueOf(await cache.cachePolicy(agent, policy(1)))
    valueOf(await store.getPolicy(agent))
    expect(store.peek(agent)).toEqual(policy(1))
    await expect.poll(() => store.peek(agent)).toBeUndefined()
  })
})

describe('an invalidate', () => {
  test('is seen by the next read', async () => {
    const { store, authority, agent } = setUp()
    valueOf(await store.getPolicy(agent))
    valueOf(await store.getPolicy(agent))
    authority.version = 2
    expect(await store.invalidate(agent)).toEqual({ ok: true })
    expect(store.peek(agent)).toBeUndefined()
    expect(valueOf(await store.getPolicy(agent))).toEqual(policy(2))
  })

  test('during a load wins: the loaded value is not answered, and not kept', async () => {
    const { store, cache, authority, agent } = setUp()
    authority.meanwhile = async () => {
      if (authority.loads > 1) return
      authority.version = 2
      valueOf(await store.invalidate(agent))
    }
    expect(valueOf(await store.getPolicy(agent))).toEqual(policy(2))
    expect(authority.loads).toBe(2)
    expect(valueOf(await cache.getPolicy(agent))).toEqual(policy(2))
    expect(valueOf(await store.getPolicy(agent))).toEqual(policy(2))
  })

  test('during a read of the shared cache wins', async () => {
    const { store, cache, authority, agent } = setUp()
    valueOf(await cache.cachePolicy(agent, policy(1)))
    authority.version = 2
    const release = cache.hold('get')
    const reading = store.getPolicy(agent) // has read version 1, and is held
    await reached(cache, 'get')
    valueOf(await store.invalidate(agent))
    release()
    expect(valueOf(await reading)).toEqual(policy(2))
    expect(store.peek(agent)).toBeUndefined()
  })

  test('during the write of what was loaded wins: what was written is deleted again', async () => {
    const { store, cache, authority, agent } = setUp()
    const release = cache.hold('cache')
    const reading = store.getPolicy(agent) // has written version 1, and is held
    await reached(cache, 'cache')
    authority.version = 2
    // Its deletion comes first and the write, on another connection, after it.
    valueOf(await store.invalidate(agent))
    await cache.plant(agent, policy(1))
    release()
    expect(valueOf(await reading)).toEqual(policy(2))
    expect(valueOf(await cache.getPolicy(agent))).toEqual(policy(2))
  })

  test('wins even while its deletion is under way', async () => {
    const { store, cache, agent, authority } = setUp()
    valueOf(await cache.cachePolicy(agent, policy(1)))
    const release = cache.hold('invalidate')
    const invalidating = store.invalidate(agent)
    await reached(cache, 'invalidate')
    valueOf(await cache.cachePolicy(agent, policy(1))) // what a read sees that overtakes the deletion
    valueOf(await store.getPolicy(agent))
    expect(store.peek(agent)).toEqual(policy(1))
    authority.version = 2
    release()
    valueOf(await invalidating)
    expect(store.peek(agent)).toBeUndefined()
  })

  test('without end ends in a failure and not in an old policy', async () => {
    const { store, authority, agent } = setUp()
    authority.meanwhile = () => store.invalidate(agent)
    expect(failureOf(await store.getPolicy(agent))).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      retryable: true,
    })
    authority.meanwhile = () => undefined
    expect(valueOf(await store.getPolicy(agent))).toEqual(policy(1))
  })

  test('of a shared cache that fails says so, and memory forgets all the same', async () => {
    const backend = await openBackend({ url: 'redis://127.0.0.1:1' }, { trackPolicies: true })
    const store = new ReadThroughPolicyStore(backend.policies(), { load: () => null })
    expect(failureOf(await store.invalidate(freshId()))).toMatchObject({ operation: 'invalidate-policy' })
  })
})

describe('what other nodes do', () => {
  test('is dropped from memory', async () => {
    const { store, cache, agent } = setUp()
    const other = freshId()
    for (const each of [agent, other]) {
      valueOf(await cache.cachePolicy(each, policy(1)))
      valueOf(await store.getPolicy(each))
    }
    cache.listener?.changed([agent])
    expect(store.peek(agent)).toBeUndefined()
    expect(store.peek(other)).toEqual(policy(1))
  })

  test('during a load makes it start over', async () => {
    const { store, cache, agent } = setUp()
    valueOf(await cache.cachePolicy(agent, policy(1)))
    const release = cache.hold('get')
    const reading = store.getPolicy(agent)
    await reached(cache, 'get')
    valueOf(await cache.cachePolicy(agent, policy(2)))
    cache.listener?.changed([agent])
    release()
    expect(valueOf(await reading)).toEqual(policy(2))
    expect(store.peek(agent)).toEqual(policy(2))
  })

  test('can no longer be told: memory is emptied, and not filled until it can', async () => {
    const { store, cache, agent } = setUp()
    valueOf(await cache.cachePolicy(agent, policy(1)))
    valueOf(await store.getPolicy(agent))
    cache.listener?.lost()
    expect(store.size).toBe(0)
    expect(valueOf(await store.getPolicy(agent))).toEqual(policy(1))
    expect(store.size).toBe(0)
    cache.listener?.watching()
    expect(valueOf(await store.getPolicy(agent))).toEqual(policy(1))
    expect(store.size).toBe(1)
  })

  test('could not be told for a while during a read: that read is not remembered', async () => {
    const { store, cache, agent } = setUp()
    valueOf(await cache.cachePolicy(agent, policy(1)))
    const release = cache.hold('get')
    const reading = store.getPolicy(agent)
    await reached(cache, 'get')
    cache.listener?.lost()
    cache.listener?.watching()
    release()
    expect(valueOf(await reading)).toEqual(policy(1))
    expect(store.size).toBe(0)
  })
})

describe('a failure', () => {
  const DOWN = failed({ code: 'ERR_STORE_UNAVAILABLE', operation: 'get-policy' })

  test('of the shared cache: the loader, which is the authority, is asked, and nothing is kept', async () => {
    const { store, cache, authority, agent } = setUp()
    cache.failure = DOWN
    expect(valueOf(await store.getPolicy(agent))).toEqual(policy(1))
    authority.version = 2
    expect(valueOf(await store.getPolicy(agent))).toEqual(policy(2))
    expect(cache.steps).toEqual(['get', 'get'])
  })

  test('of the shared cache is answered where the loader must be spared', async () => {
    const { store, cache, authority, agent } = setUp({ onCacheFailure: 'fail' })
    cache.failure = DOWN
    expect(failureOf(await store.getPolicy(agent)).code).toBe('ERR_STORE_UNAVAILABLE')
    expect(authority.loads).toBe(0)
  })

  test('to read what the shared cache holds: it is loaded and written anew', async () => {
    const { store, cache, agent } = setUp()
    cache.failure = failed({ code: 'ERR_STORE_UNDECODABLE', reason: 'value', operation: 'get-policy' })
    expect(valueOf(await store.getPolicy(agent))).toEqual(policy(1))
    expect(cache.steps).toEqual(['get', 'cache'])
  })

  test('of a closed backend is final: the loader is not asked', async () => {
    const { store, cache, authority, agent } = setUp()
    cache.failure = failed({ code: 'ERR_STORE_CLOSED', operation: 'get-policy' })
    expect(failureOf(await store.getPolicy(agent)).code).toBe('ERR_STORE_CLOSED')
    expect(authority.loads).toBe(0)
  })

  test.each([
    ['throws', (): never => Promise.reject(new Error('down')) as never, { code: 'ERR_STORE_UNAVAILABLE' }],
    [
      'gives something else',
      () => ({ version: 'x' }) as never,
      { code: 'ERR_STORE_UNDECODABLE', reason: 'value' },
    ],
    ['gives nothing', () => undefined as never, { code: 'ERR_STORE_UNDECODABLE', reason: 'value' }],
    ['hangs', () => new Promise<never>(() => undefined), { code: 'ERR_STORE_TIMEOUT' }],
  ])('of the loader, which %s, is answered and not kept', async (_, load, expected) => {
    const { store, cache, agent } = setUp({ load, loadTimeoutMs: 50 })
    expect(failureOf(await store.getPolicy(agent))).toMatchObject({ ...expected, operation: 'get-policy' })
    expect(cache.steps).toEqual(['get'])
  })

  test('of the loader ends its signal', async () => {
    const { promise, load } = hangingLoader()
    const { store, agent } = setUp({ load, loadTimeoutMs: 10 })
    failureOf(await store.getPolicy(agent))
    expect((await promise).aborted).toBe(true)
  })
})

function hangingLoader(): { promise: Promise<AbortSignal>; load: ReadThroughOptions['load'] } {
  let tell: ((signal: AbortSignal) => void) | undefined
  const promise = new Promise<AbortSignal>((resolve) => (tell = resolve))
  const load: ReadThroughOptions['load'] = (_, { signal }) => {
    tell?.(signal)
    return new Promise<never>(() => undefined)
  }
  return { promise, load }
}

describe('refused:', () => {
  test('a cache that cannot tell what others change', async () => {
    const make = (): unknown =>
      new ReadThroughPolicyStore(new ScriptedPolicyCache({ watchable: false }), { load: () => null })
    expect(make).toThrow(ConfigError)
    expect(make).toThrow('trackPolicies: true')
    const { policies } = { policies: (await openBackend({ url: 'redis://127.0.0.1:1' })).policies() }
    expect(() => new ReadThroughPolicyStore(policies, { load: () => null })).toThrow(ConfigError)
  })

  test.each<[object, string]>([
    [{}, 'options.load'],
    [{ load: 5 }, 'options.load'],
    [{ load: () => null, ttlSecs: 0 }, 'options.ttlSecs'],
    [{ load: () => null, maxEntries: 0 }, 'options.maxEntries'],
    [{ load: () => null, maxEntries: Infinity }, 'options.maxEntries'],
    [{ load: () => null, loadTimeoutMs: 0 }, 'options.loadTimeoutMs'],
    [{ load: () => null, onCacheFailure: 'ignore' }, 'options.onCacheFailure'],
    [{ load: () => null, ttl: 5 }, 'options.ttl'],
  ])('the options %j', (options, path) => {
    const make = (): unknown =>
      new ReadThroughPolicyStore(new ScriptedPolicyCache(), options as ReadThroughOptions)
    expect(make).toThrow(ConfigError)
    expect(make).toThrow(expect.objectContaining({ path }))
  })
})
