// The storage driver as the subject of a fault: all its nine operations in one pipeline, on things that are there and
// on things that are new.

import { type PolicyDocument, RedisBackend } from 'indelible/storage'
import { expect } from 'vitest'

import { type RespClient, connect } from '../../support/resp.js'
import { freshId, freshKey, valueOf } from '../../storage/support/storage.js'
import { until } from '../../support/topologies/until.js'
import { PATIENT, type Scene } from './scene.js'
import { type Column, type Outcome, type Subject, type SubjectKind, clocked } from './subject.js'

/** The name of the policy that is read last: with it, all has been answered. */
const LAST = 'read-last-of-all'

const policy = (name: string): PolicyDocument => ({ version: 1, name, rules: [], enforcementMode: 'enforce' })

/** What the operations are about. */
class Things {
  readonly session = { known: freshId(), saved: freshId(), deleted: freshId() }
  readonly counter = { known: freshKey(), counted: freshKey(), reset: freshKey() }
  readonly policy = { known: freshId(), cached: freshId(), invalidated: freshId() }

  /** The keys that operations find something under, and the one that the increment makes. */
  get keys(): string[] {
    const { session, counter, policy: of } = this
    const counters = [counter.known, counter.counted].map((key) => `aa:ratelimit:${key}`)
    return [`aa:session:${session.known}`, ...counters, `aa:policy:${of.known}`]
  }
}

const things = new WeakMap<Scene, Things>()

/** The keys that the operations of the scene read and count under. */
export function keysIn(scene: Scene): string[] {
  return things.get(scene)?.keys ?? []
}

class StorageSubject implements Subject {
  readonly #backend: RedisBackend
  readonly #things: Things
  readonly #port: number

  constructor(backend: RedisBackend, of: Things, port: number) {
    this.#backend = backend
    this.#things = of
    this.#port = port
  }

  get canaries(): readonly string[] {
    const { session, counter, policy: agent } = this.#things
    return [session, counter, agent].flatMap((ids) => Object.values(ids))
  }

  get isConnected(): boolean {
    return this.#backend.health().state === 'connected'
  }

  async warm(): Promise<void> {
    await until('the backend to be connected', async () => this.works())
  }

  async start(): Promise<readonly Outcome[]> {
    const [sessions, counter, policies] = [
      this.#backend.sessions(),
      this.#backend.rateLimiter(),
      this.#backend.policies(),
    ]
    const { session, counter: key, policy: agent } = this.#things
    const record = { sessionId: session.saved, agentId: freshId(), startedAtNs: 1n }
    return Promise.all([
      clocked('save-session', 'grow', sessions.save(record)),
      clocked('load-session', 'read', sessions.load(session.known)),
      clocked('delete-session', 'shrink', sessions.delete(session.deleted)),
      clocked('increment', 'count', counter.increment(key.counted, 1n, 60)),
      clocked('current', 'read', counter.current(key.known)),
      clocked('reset', 'shrink', counter.reset(key.reset)),
      clocked('cache-policy', 'grow', policies.cachePolicy(agent.cached, policy('cached'))),
      clocked('invalidate-policy', 'shrink', policies.invalidate(agent.invalidated)),
      clocked('get-policy', 'read', policies.getPolicy(agent.known)),
    ])
  }

  async works(): Promise<boolean> {
    return (await this.#backend.sessions().load(this.#things.session.known)).ok
  }

  async check(outcomes: readonly Outcome[], forgotten: boolean): Promise<void> {
    await using admin = await connect(this.#port)
    await checkRecords(admin, this.#things, outcomes, forgotten)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend.close()
  }
}

async function checkRecords(
  admin: RespClient,
  { session, counter, policy: agent }: Things,
  outcomes: readonly Outcome[],
  forgotten: boolean,
): Promise<void> {
  const counted = Number((await admin.send('GET', `aa:ratelimit:${counter.counted}`)) ?? 0)
  expect(counted).toBeLessThanOrEqual(1)
  const told = (operation: string): boolean | undefined => hasHappened(outcomes, operation)
  if (told('increment') !== undefined) expect(counted).toBe(Number(told('increment')))
  // A record and a policy never stand there without an end.
  for (const key of [`aa:session:${session.saved}`, `aa:policy:${agent.cached}`]) {
    expect(await admin.send('TTL', key)).not.toBe(-1)
  }
  const effects: readonly (readonly [string, string, boolean])[] = [
    ['save-session', `aa:session:${session.saved}`, true],
    ['cache-policy', `aa:policy:${agent.cached}`, true],
    ['delete-session', `aa:session:${session.deleted}`, false],
    ['reset', `aa:ratelimit:${counter.reset}`, false],
    ['invalidate-policy', `aa:policy:${agent.invalidated}`, false],
  ]
  for (const [operation, key, leaves] of effects) {
    const happened = told(operation)
    if (happened === undefined || (forgotten && !leaves)) continue
    expect(await admin.send('EXISTS', key), operation).toBe(happened === leaves ? 1 : 0)
  }
}

/** Whether an operation has happened, as far as its outcome says. */
function hasHappened(outcomes: readonly Outcome[], operation: string): boolean | undefined {
  const result = outcomes.find((outcome) => outcome.operation === operation)?.result
  if (result === undefined) throw new Error(`there is no ${operation}`)
  if (result.ok) return true
  return result.error.indeterminate ? undefined : false
}

/** Puts there what the operations find. */
async function prepare(scene: Scene, { session, counter, policy: agent }: Things): Promise<void> {
  await using backend = await RedisBackend.connect({ url: scene.server.url, ...PATIENT })
  for (const sessionId of [session.known, session.deleted]) {
    valueOf(await backend.sessions().save({ sessionId, agentId: freshId(), startedAtNs: 1n }))
  }
  for (const key of [counter.known, counter.reset])
    valueOf(await backend.rateLimiter().increment(key, 5n, 60))
  for (const id of [agent.known, agent.invalidated]) {
    valueOf(await backend.policies().cachePolicy(id, policy(LAST)))
  }
}

const COLUMNS: readonly Column[] = ['read', 'grow', 'shrink', 'count']

/** All nine operations. */
export const STORAGE: SubjectKind = {
  purpose: 'storage',
  columns: COLUMNS,
  lastReply: new RegExp(LAST),
  async open(scene, settings) {
    const of = new Things()
    things.set(scene, of)
    await prepare(scene, of)
    const config = { url: scene.url, poolSize: 2, ...scene.login, ...settings }
    return new StorageSubject(await RedisBackend.connect(config), of, scene.server.port)
  },
}

/** What a server holds instead of them. */
export async function replaceWithLists(admin: RespClient, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await admin.send('DEL', key)
    await admin.send('RPUSH', key, 'something else')
  }
}
