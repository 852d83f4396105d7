import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Gateway } from 'indelible-gateway'
import { closedGate } from './support/gate.js'
import { RawUpstream } from './support/raw-upstream.js'
import { ScriptedStore } from './support/scripted-store.js'
import { LEAK_POLICY, leakConfig, openTestGateway, post, TOKENS, toolCall } from './support/test-gateway.js'
import type { Posted, PrincipalName } from './support/test-gateway.js'

let store: ScriptedStore
let upstream: RawUpstream
let gateway: Gateway
let session: string

beforeAll(async () => {
  upstream = await RawUpstream.start()
})
afterAll(async () => {
  await upstream[Symbol.asyncDispose]()
})
beforeEach(async () => {
  upstream.reset()
  store = new ScriptedStore()
  gateway = await openTestGateway(leakConfig(upstream.url, { store: { kind: 'scripted' } }), {
    factories: [store.factory],
  })
  session = randomUUID()
  return () => gateway.close()
})

function call(
  tool: string,
  as: { principal?: PrincipalName; session?: string | undefined } = { session },
): Promise<Posted> {
  return post(gateway, tool === 'write' ? '/mcp/files' : '/mcp/crm', toolCall(tool), as)
}

const isDenied = ({ json }: Posted): boolean | undefined => json.result?.isError

describe('a leak over two calls', () => {
  test('is refused as a tool result that says why; before the read it is allowed', async () => {
    expect(isDenied(await call('write'))).toBeUndefined()
    expect(isDenied(await call('read'))).toBeUndefined()
    upstream.seen.length = 0
    const denied = await call('write')
    expect(denied.status).toBe(200)
    expect(denied.json.result).toEqual({
      content: [{ type: 'text', text: 'This session has read personal data.' }],
      isError: true,
      _meta: { 'indelible/violation': 'policy.denied' },
    })
    expect(upstream.seen).toEqual([])
  })

  test('of a resource counts too', async () => {
    await post(
      gateway,
      '/mcp/crm',
      { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'crm://customers/7' } },
      { session },
    )
    expect(isDenied(await call('write'))).toBe(true)
  })
})

test('a completion over a labelled resource is a read of it', async () => {
  const ref = { type: 'ref/resource', uri: 'crm://customers/{id}' }
  const params = { ref, argument: { name: 'id', value: '1' } }
  await post(
    gateway,
    '/mcp/crm',
    { jsonrpc: '2.0', id: 1, method: 'completion/complete', params },
    { session },
  )
  expect(isDenied(await call('write'))).toBe(true)
})

describe('a completion over resources of several entries', () => {
  const complete = (uri: string) =>
    post(
      mixed,
      '/mcp/crm',
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'completion/complete',
        params: { ref: { type: 'ref/resource', uri }, argument: { name: 'id', value: '1' } },
      },
      { session },
    )
  const write = () => post(mixed, '/mcp/files', toolCall('write'), { session })
  let mixed: Gateway

  beforeEach(async () => {
    const labels = [{ label: 'pii', scope: 'session' as const }]
    const resources = [
      { uri: 'crm://customers/*' },
      { uri: 'crm://customers/vip-*', labels },
      { uri: 'crm://customers/7', labels },
      { uri: 'crm://help' },
    ]
    mixed = await openTestGateway(leakConfig(upstream.url, { store: { kind: 'memory' } }, { resources }))
    return () => mixed.close()
  })

  test.each([
    'crm://customers/{id}',
    'crm://customers/vip-{id}',
    'crm://customers/v{id}',
    'crm://customers/7',
  ])('%s may propose a labelled one, and so brings its labels', async (uri) => {
    expect((await complete(uri)).json.error).toBeUndefined()
    expect(isDenied(await write())).toBe(true)
  })

  test.each(['crm://customers/other-{id}', 'crm://help'])('%s cannot, and brings none', async (uri) => {
    expect((await complete(uri)).json.error).toBeUndefined()
    expect(isDenied(await write())).toBeUndefined()
  })

  test.each(['crm://{kind}', 'crm://customers/../{id}', 'crm://hel{p}'])(
    '%s may propose what is not listed: -32602',
    async (uri) => {
      expect((await complete(uri)).json.error?.code).toBe(-32602)
      expect(upstream.seen).toEqual([])
    },
  )
})

describe('whose labels they are', () => {
  test('a session label stays in its session; without a session it is the principal’s', async () => {
    await call('read')
    expect(isDenied(await call('write', { session: randomUUID() }))).toBeUndefined()
    expect(isDenied(await call('write', {}))).toBeUndefined()
    await call('read', {})
    expect(isDenied(await call('write', { session: randomUUID() }))).toBe(true)
  })

  test('a principal label follows into every session, and to nobody else', async () => {
    await call('read_for_all')
    expect(isDenied(await call('write', { session: randomUUID() }))).toBe(true)
    expect(isDenied(await call('write', {}))).toBe(true)
    expect(isDenied(await call('write', { principal: 'bob' }))).toBeUndefined()
  })

  test('a session belongs to its principal: naming it from elsewhere is naming another one', async () => {
    await call('read')
    expect(isDenied(await call('write', { principal: 'bob', session }))).toBeUndefined()
  })

  test('the session may come in `_meta`, and is another one than that of the header', async () => {
    const config = leakConfig(upstream.url, { session: { header: 'X-Session', metaKey: 'acme/session' } })
    await using both = await openTestGateway(config)
    const named = (name: string, meta: object) => ({
      ...toolCall(name),
      params: { name, _meta: meta },
    })
    await post(both, '/mcp/crm', named('read', { 'acme/session': session }))
    expect(isDenied(await post(both, '/mcp/files', named('write', { 'acme/session': session })))).toBe(true)
    expect(isDenied(await post(both, '/mcp/files', named('write', {}), { session }))).toBeUndefined()
    expect((await post(both, '/mcp/files', named('write', { 'acme/session': 7 }))).status).toBe(400)
  })
})

describe('labels known beforehand', () => {
  test('are stored before the call is forwarded', async () => {
    const gate = closedGate()
    store.gate = gate.opened
    const answered = call('read')
    await expect.poll(() => store.log).toEqual(['load', 'append pii'])
    expect(upstream.seen).toEqual([])
    upstream.answer = (seen, response) => {
      store.log.push('forwarded')
      response.writeHead(200, { 'content-type': 'application/json' }).end(seen.body)
    }
    gate.open()
    await answered
    expect(store.log).toEqual(['load', 'append pii', 'appended pii true', 'forwarded'])
  })

  test('that the session has already cost no append', async () => {
    await call('read')
    store.log.length = 0
    await call('read')
    expect(store.log).toEqual(['load'])
  })

  test('of a call that is denied are not added', async () => {
    const text = `${LEAK_POLICY} forbid (principal, action, resource == Tool::"crm/read");`
    const config = leakConfig(upstream.url, { store: { kind: 'scripted' }, policy: { text } })
    const watched = new ScriptedStore()
    await using strict = await openTestGateway(config, { factories: [watched.factory] })
    expect(isDenied(await post(strict, '/mcp/crm', toolCall('read')))).toBe(true)
    expect(watched.log).toEqual(['load'])
  })

  test('are kept when the client leaves meanwhile, and the call is not made', async () => {
    const gate = closedGate()
    store.gate = gate.opened
    const body = JSON.stringify(toolCall('read'))
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${TOKENS.alice}`,
      'x-session': session,
    }
    const leaving = request(`${gateway.address}/mcp/crm`, { method: 'POST', headers })
    leaving.on('error', () => {}) // its own abort
    leaving.end(body)
    await expect.poll(() => store.log).toContain('append pii')
    leaving.destroy()
    // A second request on the same server, answered after the first connection's end was seen.
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    await expect.poll(async () => (await post(gateway, '/mcp/crm', ping)).status).toBe(200)
    upstream.seen.length = 0
    gate.open()
    await expect.poll(() => store.log).toContain('appended pii true')
    store.gate = undefined
    expect(isDenied(await call('write'))).toBe(true)
    expect(upstream.seen).toEqual([])
  })
})

describe('labels of a policy', () => {
  test('join the session when the policy decides, on a denial too', async () => {
    const text = `permit (principal, action, resource);
      @id("decoy") @taint("probing") @scope("principal")
      forbid (principal, action, resource == Tool::"crm/count");
      forbid (principal, action, resource == Tool::"files/write") when { context.labels.contains("probing") };`
    await using marking = await openTestGateway(leakConfig(upstream.url, { policy: { text } }))
    const write = () => post(marking, '/mcp/files', toolCall('write'), { session })
    expect(isDenied(await write())).toBeUndefined()
    expect((await post(marking, '/mcp/crm', toolCall('count'))).json.result?.content?.[0]?.text).toBe(
      'Denied by policy decoy.',
    )
    expect(isDenied(await write())).toBe(true)
  })
})

test('a label that a policy raises is stored although its client has left and the gateway is being closed', async () => {
  const text = `permit (principal, action, resource);
    @taint("probing") @scope("principal") forbid (principal, action, resource == Tool::"crm/count");`
  await using own = await RawUpstream.start()
  const config = leakConfig(own.url, { store: { kind: 'scripted' }, policy: { text } })
  const watched = new ScriptedStore()
  const closing = await openTestGateway(config, { factories: [watched.factory] })
  await post(closing, '/mcp/crm', toolCall('read'), { headers: { connection: 'close' } })
  expect(await own.connections()).toBe(1)
  watched.log.length = 0
  const gate = closedGate()
  watched.loadGate = gate.opened
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKENS.alice}` }
  const leaving = request(`${closing.address}/mcp/crm`, { method: 'POST', headers })
  leaving.on('error', () => {}) // its own abort
  leaving.end(JSON.stringify(toolCall('count')))
  await expect.poll(() => watched.log).toEqual(['load'])
  leaving.destroy()
  const closed = closing.close()
  // Its upstreams are closed when nothing is connected any longer: only the handling of that request is under way.
  await expect.poll(() => own.connections()).toBe(0)
  gate.open()
  await closed
  expect(watched.log).toEqual(['load', 'append probing', 'appended probing true', 'close'])
})

describe('when the store fails', () => {
  interface Alarm {
    readonly name: string
    readonly op?: string
    readonly decision?: string
  }
  let alarms: Alarm[]
  const record = (alarm: unknown): void => void alarms.push(alarm as Alarm)

  beforeEach(() => {
    alarms = []
    subscribe('indelible:alarm', record)
    return () => void unsubscribe('indelible:alarm', record)
  })

  test('a load: 503, whatever the call, and nothing is forwarded', async () => {
    store.failLoads = true
    for (const answer of [await call('count'), await call('read'), await call('write')]) {
      expect(answer.status).toBe(200)
      expect(answer.json.error).toMatchObject({
        code: 503,
        data: {
          reason: 'session.load_failed',
          code: 'ERR_STORE_UNAVAILABLE',
          cause: 'refused',
          retryable: true,
        },
      })
    }
    expect(upstream.seen).toEqual([])
    expect(alarms.map(({ name, op }) => `${name} ${op}`)).toEqual(Array(3).fill('session_store_failure load'))
  })

  test('an append: 503, and nothing is forwarded; calls that add nothing go on', async () => {
    store.failAppends = true
    expect((await call('read')).json.error).toMatchObject({
      code: 503,
      data: { reason: 'session.persist_failed' },
    })
    expect(upstream.seen).toEqual([])
    expect(isDenied(await call('count'))).toBeUndefined()
    expect(alarms).toMatchObject([{ name: 'session_store_failure', op: 'append', decision: 'allow' }])
  })

  test('what does not touch the store goes on', async () => {
    store.failLoads = true
    expect(
      (await post(gateway, '/mcp/crm', { jsonrpc: '2.0', id: 1, method: 'tools/list' })).json.result,
    ).toBeDefined()
  })

  test('the answer of a client has no reply to carry it: HTTP 503', async () => {
    store.failLoads = true
    const answer = { jsonrpc: '2.0', id: 1, result: { action: 'accept' } }
    expect((await post(gateway, '/mcp/crm', answer)).status).toBe(503)
    expect(upstream.seen).toEqual([])
  })
})

test('a denied method other than a tool call is an error 403', async () => {
  const text = `${LEAK_POLICY} forbid (principal, action == Action::"prompts/get", resource);`
  await using strict = await openTestGateway(leakConfig(upstream.url, { policy: { text } }))
  const prompt = { jsonrpc: '2.0', id: 1, method: 'prompts/get', params: { name: 'summary' } }
  const { status, json } = await post(strict, '/mcp/crm', prompt)
  expect({ status, code: json.error?.code, reason: json.error?.data?.['reason'] }).toEqual({
    status: 200,
    code: 403,
    reason: 'policy.denied',
  })
})

describe('a session that clients choose', () => {
  const openedWith = async (labels: (string | { label: string; scope: 'session' })[]): Promise<string[]> => {
    const names: string[] = []
    const record = (alarm: unknown): void => void names.push((alarm as { name: string }).name)
    subscribe('indelible:alarm', record)
    const upstreams = { crm: { url: upstream.url, tools: { read: { labels } } } }
    const policy = { text: 'permit (principal, action, resource);' }
    const opened = await openTestGateway(
      leakConfig(upstream.url, { upstreams, policy, store: { kind: 'memory' } }),
    )
    await opened.close()
    unsubscribe('indelible:alarm', record)
    return names
  }

  test('alarms at the start unless every label states its scope', async () => {
    expect(await openedWith(['pii'])).toEqual(['gateway_client_chosen_session'])
    expect(await openedWith([{ label: 'pii', scope: 'session' }])).toEqual([])
  })
})
