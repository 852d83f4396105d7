// Policies in the memory of several nodes over one server: what one node changes, all others forget.

import {
  type PolicyDocument,
  type RedisBackend,
  type RedisStorageConfig,
  ReadThroughPolicyStore,
} from 'indelible/storage'
import { describe, expect, onTestFinished, test } from 'vitest'

import { startServer } from '../../scripts/test-server.mjs'
import { FaultProxy } from '../support/fault-proxy.js'
import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { freshId, openBackend, valueOf } from './support/storage.js'

const server = ownServer()

const policy = (version: number): PolicyDocument => ({
  version,
  name: 'n',
  rules: [],
  enforcementMode: 'enforce',
})

interface Node {
  readonly backend: RedisBackend
  readonly store: ReadThroughPolicyStore
}

async function openNode(
  at: { readonly url: string },
  load: () => PolicyDocument | null = () => null,
  config: RedisStorageConfig = {},
): Promise<Node> {
  const backend = await openBackend(at, { trackPolicies: true, ...config })
  const store = new ReadThroughPolicyStore(backend.policies(), { load })
  onTestFinished(() => store[Symbol.dispose]())
  return { backend, store }
}

/** Reads until the policy is in memory, which needs the server to tell of changes. */
async function remembered({ store }: Node, agent: string): Promise<PolicyDocument> {
  await expect
    .poll(
      async () => {
        valueOf(await store.getPolicy(agent))
        return store.peek(agent)
      },
      { timeout: 5_000 },
    )
    .toBeDefined()
  return valueOf(await store.getPolicy(agent)) as PolicyDocument
}

/** Commands that concern a policy and come from a client, while `act` runs. */
async function commandsDuring(act: () => Promise<unknown>): Promise<string[]> {
  await using admin = await connect(server().port)
  await using monitor = await admin.monitor()
  await act()
  const seen = await monitor.commands()
  return seen.map(({ args }) => String(args[0])).filter((name) => ['GET', 'SET', 'DEL'].includes(name))
}

test('a hit asks the server nothing', async () => {
  const node = await openNode(server())
  const agent = freshId()
  valueOf(await node.backend.policies().cachePolicy(agent, policy(1)))
  await remembered(node, agent)
  const commands = await commandsDuring(async () => {
    for (let read = 0; read < 100; read += 1) valueOf(await node.store.getPolicy(agent))
  })
  expect(commands).toEqual([])
})

describe('one node changes a policy, and the other forgets it:', () => {
  test.each<[string, (node: Node, agent: string) => Promise<unknown>]>([
    ['an invalidate', async ({ store }, agent) => store.invalidate(agent)],
    ['a new document', async ({ backend }, agent) => backend.policies().cachePolicy(agent, policy(2))],
  ])('%s', async (_, change) => {
    let version = 1
    const nodes = await Promise.all([0, 1].map(async () => openNode(server(), () => policy(version))))
    const [left, right] = nodes as [Node, Node]
    const agent = freshId()
    for (const node of nodes) expect(await remembered(node, agent)).toEqual(policy(1))
    version = 2
    expect(await change(left, agent)).toEqual({ ok: true })
    for (const { store } of nodes) {
      await expect.poll(() => store.peek(agent), { interval: 5 }).toBeUndefined()
    }
    expect(valueOf(await right.store.getPolicy(agent))).toEqual(policy(2))
    expect(valueOf(await left.store.getPolicy(agent))).toEqual(policy(2))
  })

  test('a node of another make', async () => {
    const node = await openNode(server())
    const agent = freshId()
    valueOf(await node.backend.policies().cachePolicy(agent, policy(1)))
    await remembered(node, agent)
    await using admin = await connect(server().port)
    await admin.send('SET', `aa:policy:${agent}`, '{"version":7,"name":"theirs","rules":[]}', 'EX', '60')
    await expect.poll(() => node.store.peek(agent), { interval: 5 }).toBeUndefined()
    expect(valueOf(await node.store.getPolicy(agent))).toMatchObject({ version: 7, name: 'theirs' })
  })

  test('the server itself, by FLUSHALL', async () => {
    await using own = await startServer()
    const node = await openNode(own, () => policy(2))
    const agent = freshId()
    valueOf(await node.backend.policies().cachePolicy(agent, policy(1)))
    expect(await remembered(node, agent)).toEqual(policy(1))
    await using admin = await connect(own.port)
    await admin.send('FLUSHALL')
    await expect.poll(() => node.store.size, { interval: 5 }).toBe(0)
    expect(valueOf(await node.store.getPolicy(agent))).toEqual(policy(2))
  })
})

describe('the connection that tells is lost: memory is emptied', () => {
  test('by the network, and filled again when the network heals', async () => {
    await using proxy = await FaultProxy.open(server().port)
    const node = await openNode(proxy)
    const agent = freshId()
    await using writer = await openBackend(server())
    valueOf(await writer.policies().cachePolicy(agent, policy(1)))
    await remembered(node, agent)
    await proxy.inject({ kind: 'refuse' })
    await expect.poll(() => node.store.size, { timeout: 5_000, interval: 5 }).toBe(0)
    valueOf(await writer.policies().cachePolicy(agent, policy(2))) // unseen
    await proxy.heal()
    await expect.poll(async () => (await node.store.getPolicy(agent)).ok, { timeout: 5_000 }).toBe(true)
    expect(await remembered(node, agent)).toEqual(policy(2))
  })

  test('by a server that goes silent, within seconds', async () => {
    await using proxy = await FaultProxy.open(server().port)
    const node = await openNode(proxy)
    const agent = freshId()
    await using writer = await openBackend(server())
    valueOf(await writer.policies().cachePolicy(agent, policy(1)))
    await remembered(node, agent)
    await proxy.inject({ kind: 'blackHole', direction: 'toClient' })
    await expect.poll(() => node.store.size, { timeout: 10_000 }).toBe(0)
  })

  test('by CLIENT KILL', async () => {
    await using own = await startServer()
    const node = await openNode(own)
    const agent = freshId()
    valueOf(await node.backend.policies().cachePolicy(agent, policy(1)))
    await remembered(node, agent)
    let emptied = false
    const watch = setInterval(() => (emptied ||= node.store.size === 0), 1)
    onTestFinished(() => clearInterval(watch))
    await using admin = await connect(own.port)
    await admin.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await expect.poll(() => emptied, { timeout: 5_000, interval: 5 }).toBe(true)
  })

  test('by closing the backend', async () => {
    const node = await openNode(server())
    const agent = freshId()
    valueOf(await node.backend.policies().cachePolicy(agent, policy(1)))
    await remembered(node, agent)
    await node.backend.close()
    expect(node.store.size).toBe(0)
    expect(await node.store.getPolicy(agent)).toMatchObject({
      ok: false,
      error: { code: 'ERR_STORE_CLOSED' },
    })
  })
})

test('only policies are tracked, on one connection more', async () => {
  await using own = await startServer()
  await using admin = await connect(own.port)
  const node = await openNode(own, () => null, { poolSize: 1 })
  const agent = freshId()
  valueOf(await node.backend.policies().cachePolicy(agent, policy(1)))
  await remembered(node, agent)
  const clients = String(await admin.send('CLIENT', 'LIST'))
    .trim()
    .split('\n')
  expect(clients).toHaveLength(3) // the lane, the tracking connection and this one
  expect(clients.filter((line) => /\bflags=\S*B/.test(line))).toHaveLength(1)
})
