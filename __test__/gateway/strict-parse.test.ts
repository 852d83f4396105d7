import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Gateway } from 'indelible-gateway'
import { MAX_JSON_DEPTH } from '../../gateway/src/rpc/strict-json.js'
import { RawUpstream } from './support/raw-upstream.js'
import { leakConfig, openTestGateway, post } from './support/test-gateway.js'

let upstream: RawUpstream
let gateway: Gateway

beforeAll(async () => {
  upstream = await RawUpstream.start()
  gateway = await openTestGateway(leakConfig(upstream.url, { store: { kind: 'memory' } }))
})
afterAll(async () => {
  await gateway.close()
  await upstream[Symbol.asyncDispose]()
})
beforeEach(() => {
  upstream.reset()
})

const call = '"jsonrpc":"2.0","id":1,"method":"tools/call"'
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

const refused: readonly (readonly [string, string | Buffer])[] = [
  ['an empty body', ''],
  ['blanks only', ' \n'],
  ['no JSON', 'hello'],
  ['a cut object', `{${call}`],
  ['something after the object', `{${call},"params":{"name":"count"}} {}`],
  ['two objects', '{"jsonrpc":"2.0","method":"ping","id":1}{"jsonrpc":"2.0","method":"ping","id":2}'],
  ['a comment', `{/* */${call}}`],
  ['a batch', `[{${call},"params":{"name":"count"}}]`],
  ['an empty batch', '[]'],
  ['null', 'null'],
  ['a string', '"ping"'],
  ['a number', '1'],
  ['a byte order mark', Buffer.from(`\ufeff{${call},"params":{"name":"count"}}`)],
  ['UTF-16', Buffer.from(`{${call},"params":{"name":"count"}}`, 'utf16le')],
  [
    'a bad byte',
    Buffer.concat([Buffer.from(`{${call},"params":{"name":"`), Buffer.of(0xff), Buffer.from('"}}')]),
  ],
  [
    'an overlong form',
    Buffer.concat([Buffer.from(`{${call},"params":{"name":"`), Buffer.of(0xc0, 0xae), Buffer.from('"}}')]),
  ],
  [
    'an encoded surrogate',
    Buffer.concat([
      Buffer.from(`{${call},"params":{"name":"`),
      Buffer.of(0xed, 0xa0, 0x80),
      Buffer.from('"}}'),
    ]),
  ],
  ['a lone surrogate', `{${call},"params":{"name":"count","arguments":{"a":"\\ud800"}}}`],
  ['a lone surrogate in a key', `{${call},"params":{"name":"count","arguments":{"\\udc00":1}}}`],
  [
    'a repeated method',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping","params":{"name":"count"}}',
  ],
  ['a repeated id', '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}'],
  ['repeated params', `{${call},"params":{"name":"count"},"params":{"name":"write"}}`],
  ['a repeated name', `{${call},"params":{"name":"count","name":"write"}}`],
  ['a repeated argument', `{${call},"params":{"name":"count","arguments":{"a":1,"a":2}}}`],
  [
    'a key repeated in an array',
    `{${call},"params":{"name":"count","arguments":{"a":[{"b":1,"c":{},"b":2}]}}}`,
  ],
  ['a key repeated by an escape', `{${call},"params":{"name":"count","arguments":{"a":1,"\\u0061":2}}}`],
  ['a name repeated in another case', `{${call},"params":{"name":"count","Name":"write"}}`],
  ['a name in another case alone', `{${call},"params":{"NAME":"write"}}`],
  ['arguments in another case', `{${call},"params":{"name":"count","Arguments":{}}}`],
  ['arguments with a long s', `{${call},"params":{"name":"count","argument\u017f":{}}}`],
  [
    'a completed prompt repeated in another case',
    '{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"summary","NAME":"other"},"argument":{"name":"a","value":"b"}}}',
  ],
  [
    'a completed resource in another case alone',
    '{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","URI":"crm://other"},"argument":{"name":"a","value":"b"}}}',
  ],
  [
    'a completed argument in another case',
    '{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"summary"},"argument":{"name":"a","Value":"b"}}}',
  ],
  [
    'arguments typed before in another case',
    '{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"summary"},"argument":{"name":"a","value":"b"},"context":{"Arguments":{"path":"/etc/x"}}}}',
  ],
  ['a method repeated in another case', `{${call},"Method":"ping","params":{"name":"count"}}`],
  ['too deep a nesting', `{${call},"params":{"name":"count","arguments":{"a":${deep(MAX_JSON_DEPTH)}}}}`],
  ['no version', '{"id":1,"method":"ping"}'],
  ['another version', '{"jsonrpc":"1.0","id":1,"method":"ping"}'],
  ['no method', '{"jsonrpc":"2.0","id":1}'],
  ['an empty method', '{"jsonrpc":"2.0","id":1,"method":""}'],
  ['a method that is no string', '{"jsonrpc":"2.0","id":1,"method":["ping"]}'],
  ['an unknown member', '{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}'],
  ['a null id', '{"jsonrpc":"2.0","id":null,"method":"ping"}'],
  ['a fraction as id', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}'],
  ['an id beyond 2^53', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}'],
  ['an object as id', '{"jsonrpc":"2.0","id":{},"method":"ping"}'],
  ['a request without id', '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"count"}}'],
  ['a notification with id', '{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}'],
  ['params that are an array', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}'],
  ['params that are null', '{"jsonrpc":"2.0","id":1,"method":"ping","params":null}'],
  ['a method beside a result', '{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}'],
  ['a result beside an error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"x"}}'],
  ['a result without id', '{"jsonrpc":"2.0","result":{}}'],
  ['a result with params', '{"jsonrpc":"2.0","id":1,"result":{},"params":{}}'],
]

describe('what is not exactly one unambiguous JSON-RPC message is 400 and not forwarded', () => {
  test.each(refused)('%s', async (_, body) => {
    const { status, json } = await post(gateway, '/mcp/crm', body)
    expect({ status, hasCode: typeof json.error?.code }).toEqual({ status: 400, hasCode: 'number' })
    expect(upstream.seen).toEqual([])
  })
})

const forwarded: readonly (readonly [string, string])[] = [
  ['blanks around', ` \r\n{${call} , "params":{"name":"count"}}\n`],
  ['a string id', '{"jsonrpc":"2.0","id":"a\\"b","method":"ping"}'],
  [
    'the same key in different objects',
    `{${call},"params":{"name":"count","arguments":{"a":{"a":1},"b":[{"a":1},{"a":2}]}}}`,
  ],
  ['keys of arguments that differ in case', `{${call},"params":{"name":"count","arguments":{"a":1,"A":2}}}`],
  [
    'braces, quotes and colons in strings',
    `{${call},"params":{"name":"count","arguments":{"a":"{\\"b\\":1,\\"b\\":2}\\\\"}}}`,
  ],
  ['escaped pairs of surrogates', `{${call},"params":{"name":"count","arguments":{"a":"\\ud83d\\ude00"}}}`],
  [
    'the deepest nesting',
    `{${call},"params":{"name":"count","arguments":{"a":${deep(MAX_JSON_DEPTH - 3)}}}}`,
  ],
  ['a key named __proto__', `{${call},"params":{"name":"count","arguments":{"__proto__":{"a":1}}}}`],
  ['a notification', '{"jsonrpc":"2.0","method":"notifications/initialized"}'],
]

describe('what is one message is forwarded byte for byte', () => {
  test.each(forwarded)('%s', async (_, body) => {
    const { status } = await post(gateway, '/mcp/crm', body)
    expect(status).toBeLessThan(300)
    expect(upstream.seen.map((seen) => seen.body)).toEqual([body])
  })
})
