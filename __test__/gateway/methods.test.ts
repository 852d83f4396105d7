import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Gateway } from 'indelible-gateway'
import { RawUpstream } from './support/raw-upstream.js'
import { ScriptedStore } from './support/scripted-store.js'
import { leakConfig, openTestGateway, post, toolCall } from './support/test-gateway.js'
import type { PostOptions } from './support/test-gateway.js'

const VERSION = '2026-07-28'
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {},
}

const store = new ScriptedStore()
let upstream: RawUpstream
let gateway: Gateway

beforeAll(async () => {
  upstream = await RawUpstream.start()
  gateway = await openTestGateway(leakConfig(upstream.url, { store: { kind: 'scripted' } }), {
    factories: [store.factory],
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream[Symbol.asyncDispose]()
})
beforeEach(() => {
  upstream.reset()
  store.log.length = 0
})

function legacy(method: string, params?: object) {
  return { jsonrpc: '2.0', id: 1, method, ...(params && { params }) }
}

function modern(
  method: string,
  params: object = {},
  headers: PostOptions['headers'] = {},
): [object, PostOptions] {
  const name = (params as { name?: string }).name ?? (params as { uri?: string }).uri
  return [
    legacy(method, { ...params, _meta: META }),
    {
      headers: {
        'mcp-protocol-version': VERSION,
        'mcp-method': method,
        ...(name !== undefined && { 'mcp-name': name }),
        ...headers,
      },
    },
  ]
}

describe('methods that open or describe a connection pass without the store', () => {
  test.each([
    'initialize',
    'ping',
    'logging/setLevel',
    'tools/list',
    'prompts/list',
    'resources/list',
    'resources/templates/list',
  ])('%s', async (method) => {
    expect((await post(gateway, '/mcp/crm', legacy(method))).status).toBe(200)
    expect(upstream.seen).toHaveLength(1)
    expect(store.log).toEqual([])
  })

  test.each(['notifications/initialized', 'notifications/cancelled', 'notifications/progress'])(
    '%s',
    async (method) => {
      expect((await post(gateway, '/mcp/crm', { jsonrpc: '2.0', method })).status).toBe(202)
      expect(upstream.seen).toHaveLength(1)
      expect(store.log).toEqual([])
    },
  )

  test('an answer without content, such as to a ping', async () => {
    await post(gateway, '/mcp/crm', { jsonrpc: '2.0', id: 7, result: {} })
    expect(upstream.seen).toHaveLength(1)
    expect(store.log).toEqual([])
  })
})

describe('what carries data is judged with the labels of the session', () => {
  test.each([
    ['tools/call', { name: 'count' }],
    ['prompts/get', { name: 'summary' }],
    ['resources/read', { uri: 'crm://help' }],
    ['resources/subscribe', { uri: 'crm://help' }],
    [
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'summary' }, argument: { name: 'a', value: 'b' } },
    ],
  ])('%s', async (method, params) => {
    expect((await post(gateway, '/mcp/crm', legacy(method, params))).status).toBe(200)
    expect(upstream.seen).toHaveLength(1)
    expect(store.log).toEqual(['load'])
  })

  test('the answer to an elicitation or a sampling request', async () => {
    const answer = { jsonrpc: '2.0', id: 7, result: { action: 'accept', content: { name: 'x' } } }
    expect((await post(gateway, '/mcp/crm', answer)).status).toBe(202)
    expect(store.log).toEqual(['load'])
  })
})

describe('what is not allowed is a JSON-RPC error and not forwarded', () => {
  test.each([
    'tasks/result',
    'tasks/get',
    'sampling/createMessage',
    'tools/Call',
    'constructor',
    'server/discover',
    'subscriptions/listen',
  ])('the method %s: 403', async (method) => {
    const { status, json } = await post(gateway, '/mcp/crm', legacy(method))
    expect({ status, code: json.error?.code, reason: json.error?.data?.['reason'] }).toEqual({
      status: 200,
      code: 403,
      reason: 'method.denied',
    })
    expect(upstream.seen).toEqual([])
    expect(store.log).toEqual([])
  })

  test('an unknown notification has no reply to carry it: HTTP 403', async () => {
    const { status } = await post(gateway, '/mcp/crm', { jsonrpc: '2.0', method: 'notifications/other' })
    expect(status).toBe(403)
    expect(upstream.seen).toEqual([])
  })

  test.each([
    ['a tool that is not listed', 'tools/call', { name: 'write' }],
    ['a tool without name', 'tools/call', {}],
    ['a tool whose name is no string', 'tools/call', { name: ['count'] }],
    ['a tool named like what all objects have', 'tools/call', { name: 'toString' }],
    ['a call as a task', 'tools/call', { name: 'count', task: {} }],
    ['a prompt that is not listed', 'prompts/get', { name: 'other' }],
    ['a resource that is not listed', 'resources/read', { uri: 'crm://other' }],
    ['a resource below a listed one', 'resources/read', { uri: 'crm://help/more' }],
    ['a completion of nothing', 'completion/complete', { argument: { name: 'a', value: 'b' } }],
    [
      'a completion of a prompt that is not listed',
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'other' }, argument: { name: 'a', value: 'b' } },
    ],
    [
      'a completion of resources of which some are not listed',
      'completion/complete',
      { ref: { type: 'ref/resource', uri: 'crm://{kind}/{id}' }, argument: { name: 'id', value: '1' } },
    ],
    ['a way out of a listed prefix', 'resources/read', { uri: 'crm://customers/../secrets' }],
    ['an encoded way out', 'resources/read', { uri: 'crm://customers/%2e%2e/secrets' }],
    ['a way out by a backslash', 'resources/read', { uri: 'crm://customers/..\\secrets' }],
  ])('%s: -32602', async (_, method, params) => {
    const { status, json } = await post(gateway, '/mcp/crm', legacy(method, params))
    expect({ status, code: json.error?.code }).toEqual({ status: 200, code: -32602 })
    expect(upstream.seen).toEqual([])
    expect(store.log).toEqual([])
  })
})

describe('a list of methods of its own', () => {
  test('takes the place of the default one; what is not known to be plain is judged', async () => {
    const config = leakConfig(upstream.url, {
      store: { kind: 'scripted' },
      methods: ['tools/list', 'acme/report'],
    })
    const watched = new ScriptedStore()
    await using own = await openTestGateway(config, { factories: [watched.factory] })
    expect((await post(own, '/mcp/crm', toolCall('count'))).json.error?.code).toBe(403)
    expect((await post(own, '/mcp/crm', legacy('tools/list'))).status).toBe(200)
    expect(watched.log).toEqual([])
    expect((await post(own, '/mcp/crm', legacy('acme/report'))).json.result).toBeDefined()
    expect(watched.log).toEqual(['load'])
  })
})

describe('2026-07-28', () => {
  test('a request with its headers passes, and so do they', async () => {
    const [body, options] = modern('tools/call', { name: 'count' }, { 'mcp-param-region': 'eu' })
    expect((await post(gateway, '/mcp/crm', body, options)).status).toBe(200)
    expect(upstream.last.headers).toMatchObject({
      'mcp-protocol-version': VERSION,
      'mcp-method': 'tools/call',
      'mcp-name': 'count',
      'mcp-param-region': 'eu',
    })
  })

  test('a name that no header can hold is compared decoded', async () => {
    await using named = await openTestGateway(
      leakConfig(upstream.url, {
        upstreams: { crm: { url: upstream.url, tools: { zählen: {} } } },
        policy: { text: 'permit (principal, action, resource);' },
      }),
    )
    const encoded = `=?base64?${Buffer.from('zählen').toString('base64')}?=`
    const [body, options] = modern('tools/call', { name: 'zählen' }, { 'mcp-name': encoded })
    expect((await post(named, '/mcp/crm', body, options)).status).toBe(200)
  })

  test.each([
    ['another method', { 'mcp-method': 'tools/list' }],
    ['a method in another case', { 'mcp-method': 'TOOLS/CALL' }],
    ['no method', { 'mcp-method': undefined }],
    ['another name', { 'mcp-name': 'read' }],
    ['no name', { 'mcp-name': undefined }],
    ['a name encoded wrongly', { 'mcp-name': '=?base64?Y291bnQ?=' }],
    ['another name encoded', { 'mcp-name': `=?base64?${Buffer.from('read').toString('base64')}?=` }],
    ['another version', { 'mcp-protocol-version': '2025-11-25' }],
    ['a later version than the body', { 'mcp-protocol-version': '2027-01-01' }],
    ['no version', { 'mcp-protocol-version': undefined }],
  ])('%s: 400, -32020, not forwarded', async (_, headers) => {
    const [body, options] = modern('tools/call', { name: 'count' }, headers)
    const { status, json } = await post(gateway, '/mcp/crm', body, options)
    expect({ status, code: json.error?.code }).toEqual({ status: 400, code: -32020 })
    expect(upstream.seen).toEqual([])
    expect(store.log).toEqual([])
  })

  test('a body without a version under a modern header: 400, -32020', async () => {
    const headers = { 'mcp-protocol-version': VERSION, 'mcp-method': 'tools/call', 'mcp-name': 'count' }
    const { status, json } = await post(gateway, '/mcp/crm', toolCall('count'), { headers })
    expect({ status, code: json.error?.code }).toEqual({ status: 400, code: -32020 })
  })

  test('a legacy client may not send headers that differ from the body either', async () => {
    const { json } = await post(gateway, '/mcp/crm', toolCall('count'), { headers: { 'mcp-name': 'read' } })
    expect(json.error?.code).toBe(-32020)
    expect(upstream.seen).toEqual([])
  })

  test.each(['mcp-method', 'mcp-name'])('an answer has no %s', async (header) => {
    const answer = { jsonrpc: '2.0', id: 7, result: { action: 'decline' } }
    const { status, json } = await post(gateway, '/mcp/crm', answer, { headers: { [header]: 'tools/call' } })
    expect({ status, code: json.error?.code }).toEqual({ status: 400, code: -32020 })
    expect(upstream.seen).toEqual([])
  })

  test.each(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe'])(
    '%s is gone: 403',
    async (method) => {
      const [body, options] = modern(method)
      expect((await post(gateway, '/mcp/crm', body, options)).json.error?.code).toBe(403)
      expect(upstream.seen).toEqual([])
    },
  )

  test('server/discover passes without the store, subscriptions/listen is judged', async () => {
    await post(gateway, '/mcp/crm', ...modern('server/discover'))
    expect(store.log).toEqual([])
    await post(gateway, '/mcp/crm', ...modern('subscriptions/listen'))
    expect(store.log).toEqual(['load'])
    expect(upstream.seen).toHaveLength(2)
  })

  describe('listening to resources', () => {
    const listen = (resourceSubscriptions: unknown) =>
      modern('subscriptions/listen', { notifications: { toolsListChanged: true, resourceSubscriptions } })

    test('passes for those that are listed', async () => {
      expect((await post(gateway, '/mcp/crm', ...listen(['crm://help']))).json.result).toBeDefined()
      expect(upstream.seen).toHaveLength(1)
    })

    test.each([
      ['one that is not listed', ['crm://help', 'crm://other']],
      ['a way out of a listed prefix', ['crm://customers/../secrets']],
      ['what is no URI', [7]],
      ['what is no list', 'crm://help'],
      ['more than can be judged', Array.from({ length: 1001 }, () => 'crm://help')],
    ])('is refused for %s: -32602', async (_, uris) => {
      expect((await post(gateway, '/mcp/crm', ...listen(uris))).json.error?.code).toBe(-32602)
      expect(upstream.seen).toEqual([])
      expect(store.log).toEqual([])
    })

    test('is refused for another spelling of the filter: 400', async () => {
      const notifications = { ResourceSubscriptions: ['crm://other'] }
      const [body, options] = modern('subscriptions/listen', { notifications })
      expect((await post(gateway, '/mcp/crm', body, options)).status).toBe(400)
      expect(upstream.seen).toEqual([])
    })

    test('is judged for each as the subscription of the legacy era is', async () => {
      const text = `permit (principal, action, resource);
        forbid (principal, action == Action::"resources/subscribe", resource == Resource::"crm://help");`
      await using strict = await openTestGateway(leakConfig(upstream.url, { policy: { text } }))
      const [body, options] = listen(['crm://customers/7', 'crm://help'])
      expect((await post(strict, '/mcp/crm', body, options)).json.error?.code).toBe(403)
      expect(upstream.seen).toEqual([])
    })
  })

  test.each([
    ['answers', { answer: { action: 'accept', content: { name: 'Ann' } } }, true],
    ['what is no object', 'Ann', true],
    ['nothing', {}, false],
  ])('a repeated request with %s is judged as an answer too: %#', async (_, inputResponses, judged) => {
    const text = `permit (principal, action, resource);
      forbid (principal, action == Action::"response", resource);`
    await using strict = await openTestGateway(leakConfig(upstream.url, { policy: { text } }))
    for (const [method, params] of [
      ['tools/call', { name: 'count' }],
      ['prompts/get', { name: 'summary' }],
      ['resources/read', { uri: 'crm://help' }],
    ] as const) {
      const [body, options] = modern(method, { ...params, inputResponses })
      const { result, error } = (await post(strict, '/mcp/crm', body, options)).json
      expect(result?.isError === true || error?.code === 403, method).toBe(judged)
    }
  })

  test('a client sends no answers: 400', async () => {
    const answer = { jsonrpc: '2.0', id: 7, result: { action: 'decline' } }
    const { status } = await post(gateway, '/mcp/crm', answer, {
      headers: { 'mcp-protocol-version': VERSION },
    })
    expect(status).toBe(400)
    expect(upstream.seen).toEqual([])
  })

  test.each(['GET', 'DELETE'])('%s: 405', async (method) => {
    const headers = { 'mcp-protocol-version': VERSION }
    expect((await post(gateway, '/mcp/crm', '', { method, headers })).status).toBe(405)
    expect(upstream.seen).toEqual([])
  })

  test('a denial says that the result is complete', async () => {
    await using strict = await openTestGateway(
      leakConfig(upstream.url, {
        policy: { text: '@message("Never.") forbid (principal, action, resource);' },
      }),
    )
    const [body, options] = modern('tools/call', { name: 'count' })
    const { json } = await post(strict, '/mcp/crm', body, options)
    expect(json.result).toMatchObject({
      resultType: 'complete',
      isError: true,
      content: [{ type: 'text', text: 'Never.' }],
    })
  })
})
