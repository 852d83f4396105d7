// Requests that two HTTP parsers may read differently: what is refused here reaches no upstream, and what follows on the
// same connection is not taken for a request of its own.

import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Gateway } from 'indelible-gateway'
import { RawUpstream } from './support/raw-upstream.js'
import { leakConfig, openTestGateway, TOKENS, toolCall } from './support/test-gateway.js'

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
beforeEach(() => upstream.reset())

const BODY = JSON.stringify(toolCall('count'))
const LENGTH = `Content-Length: ${BODY.length}\r\n`
const CHUNKED = 'Transfer-Encoding: chunked\r\n'
const ONE_CHUNK = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`
const HEAD = `Host: localhost\r\nAuthorization: Bearer ${TOKENS.alice}\r\nContent-Type: application/json\r\n`

/** What comes back for these bytes until the server ends the connection. */
async function exchange(bytes: string, { ends = false } = {}): Promise<string> {
  const socket = connect(Number(new URL(gateway.address).port), '127.0.0.1')
  socket.on('error', () => {}) // a connection that is cut is an answer too
  if (ends) socket.end(bytes)
  else socket.write(bytes)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(chunks).toString()
}

const statuses = (answer: string): string[] =>
  Array.from(answer.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status = '']) => status)

const LAST = 'Connection: close\r\n'
const GOOD = `POST /mcp/crm HTTP/1.1\r\n${HEAD}${LENGTH}`
const SECOND = `${GOOD}${LAST}\r\n${BODY}`

describe('is refused and not forwarded, nor is what comes behind it', () => {
  test.each([
    ['a length beside chunks', `POST /mcp/crm HTTP/1.1\r\n${HEAD}${LENGTH}${CHUNKED}\r\n${ONE_CHUNK}`],
    ['chunks beside a length', `POST /mcp/crm HTTP/1.1\r\n${HEAD}${CHUNKED}${LENGTH}\r\n${ONE_CHUNK}`],
    ['two lengths', `POST /mcp/crm HTTP/1.1\r\n${HEAD}${LENGTH}Content-Length: 0\r\n\r\n${BODY}`],
    ['two equal lengths', `POST /mcp/crm HTTP/1.1\r\n${HEAD}${LENGTH}${LENGTH}\r\n${BODY}`],
    [
      'a length with a sign',
      `POST /mcp/crm HTTP/1.1\r\n${HEAD}Content-Length: +${BODY.length}\r\n\r\n${BODY}`,
    ],
    [
      'a list of lengths',
      `POST /mcp/crm HTTP/1.1\r\n${HEAD}Content-Length: 0, ${BODY.length}\r\n\r\n${BODY}`,
    ],
    [
      'chunks that are not the last coding',
      `POST /mcp/crm HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked, identity\r\n\r\n${ONE_CHUNK}`,
    ],
    [
      'a coding of another name',
      `POST /mcp/crm HTTP/1.1\r\n${HEAD}Transfer-Encoding: xchunked\r\n\r\n${ONE_CHUNK}`,
    ],
    [
      'a blank before the colon',
      `POST /mcp/crm HTTP/1.1\r\n${HEAD}Content-Length : ${BODY.length}\r\n\r\n${BODY}`,
    ],
    ['a folded header', `POST /mcp/crm HTTP/1.1\r\n${HEAD}X-A: 1\r\n X-Session: s\r\n${LENGTH}\r\n${BODY}`],
    ['a NUL in a header', `POST /mcp/crm HTTP/1.1\r\n${HEAD}X-Session: a\0b\r\n${LENGTH}\r\n${BODY}`],
    [
      'a chunk length that is none',
      `POST /mcp/crm HTTP/1.1\r\n${HEAD}${CHUNKED}\r\n-1\r\n${BODY}\r\n0\r\n\r\n`,
    ],
    ['no host', `POST /mcp/crm HTTP/1.1\r\n${HEAD.replace('Host: localhost\r\n', '')}${LENGTH}\r\n${BODY}`],
    ['two hosts', `POST /mcp/crm HTTP/1.1\r\nHost: evil.example\r\n${HEAD}${LENGTH}\r\n${BODY}`],
  ])('%s', async (_, request) => {
    const [first, ...others] = statuses(await exchange(request + SECOND))
    expect(first).toMatch(/^4/)
    // The connection ends there, or goes on with the second request as it is: never with a part of the first.
    expect([[], ['200']]).toContainEqual(others)
    expect(upstream.seen.map(({ body }) => body)).toEqual(others.map(() => BODY))
  })

  test('a target that names another host', async () => {
    const answer = await exchange(
      `POST http://evil.example/mcp/crm HTTP/1.1\r\n${HEAD}${LENGTH}${LAST}\r\n${BODY}`,
    )
    expect(statuses(answer)).toEqual(['404'])
    expect(upstream.seen).toEqual([])
  })

  test.each(['Upgrade: websocket', 'Upgrade: h2c'])('%s does not leave HTTP/1.1', async (upgrade) => {
    const answer = await exchange(
      `POST /mcp/crm HTTP/1.1\r\n${HEAD}Connection: Upgrade\r\n${upgrade}\r\n${LENGTH}\r\n${BODY}`,
    )
    expect(statuses(answer)).not.toContain('101')
    for (const { headers } of upstream.seen) expect(headers).not.toHaveProperty('upgrade')
  })

  test('CONNECT opens no tunnel', async () => {
    expect(statuses(await exchange(`CONNECT evil.example:80 HTTP/1.1\r\n${HEAD}\r\n`))).not.toContain('200')
    expect(upstream.seen).toEqual([])
  })
})

test('a body that is cut is not forwarded', async () => {
  await exchange(`POST /mcp/crm HTTP/1.1\r\n${HEAD}Content-Length: ${BODY.length + 1}\r\n\r\n${BODY}`, {
    ends: true,
  })
  expect(upstream.seen).toEqual([])
})

test('headers that a connection names as its own stay here', async () => {
  const hops =
    'Connection: close, Mcp-Session-Id\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: Basic eA==\r\n'
  expect(statuses(await exchange(`POST /mcp/crm HTTP/1.1\r\n${HEAD}${hops}${LENGTH}\r\n${BODY}`))).toEqual([
    '200',
  ])
  for (const name of ['te', 'proxy-authorization', 'authorization', 'trailer']) {
    expect(upstream.last.headers).not.toHaveProperty(name)
  }
})

test('what follows a whole request on its connection is a request of its own', async () => {
  const forged = `POST /mcp/crm HTTP/1.1\r\n${HEAD.replace(TOKENS.alice, 'x'.repeat(20))}${LENGTH}${LAST}\r\n${BODY}`
  expect(statuses(await exchange(`${GOOD}\r\n${BODY}${forged}`))).toEqual(['200', '401'])
  expect(upstream.seen).toHaveLength(1)
})
