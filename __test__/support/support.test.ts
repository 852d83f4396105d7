// The instruments themselves: a fault that does not happen would make the tests that rely on it pass for nothing.

import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { startServer } from '../../scripts/test-server.mjs'
import { FaultProxy } from './fault-proxy.js'
import { RespError, connect } from './resp.js'
import { CLOSE, ScriptedServer, reply } from './scripted-server.js'
import { ownServer } from './servers.js'

const server = ownServer()

describe('RESP client', () => {
  test('returns every kind of reply and keeps bytes that are no text', async () => {
    await using client = await connect(server().port)
    const notUtf8 = Buffer.from([0xff, 0x00, 0x0d, 0x0a])
    expect(await client.send('SET', 'k', notUtf8)).toBe('OK')
    expect(await client.send('GET', 'k')).toEqual(notUtf8)
    expect(await client.send('GET', 'absent')).toBeNull()
    expect(await client.send('SADD', 's', 'ünï', 'a\r\nb')).toBe(2)
    expect(await client.send('SISMEMBER', 's', 'a\r\nb')).toBe(1)
    await expect(client.send('SADD', 'k', 'x')).rejects.toMatchObject({ code: 'WRONGTYPE' })
    await client.send('MULTI')
    await client.send('SADD', 'k', 'x')
    const [inner] = (await client.send('EXEC')) as readonly unknown[]
    expect(inner).toBeInstanceOf(RespError)
  })

  test('MONITOR shows what the server ran, in order, until now', async () => {
    await using watching = await connect(server().port)
    await using monitor = await watching.monitor()
    await using client = await connect(server().port)
    await client.send('SADD', 'm', 'a "b"\n', Buffer.from([0xfe]))
    await client.send('SMEMBERS', 'm')
    const commands = (await monitor.commands()).map(({ args }) => args)
    expect(commands).toEqual([
      ['SADD', 'm', 'a "b"\n', Buffer.from([0xfe])],
      ['SMEMBERS', 'm'],
    ])
    await client.send('PING')
    expect((await monitor.commands()).map(({ args }) => args[0])).toEqual(['SADD', 'SMEMBERS', 'PING'])
  })

  test('a server that goes away rejects what was waiting', async () => {
    await using scripted = await ScriptedServer.open(() => CLOSE)
    await using client = await connect(scripted.port)
    await expect(client.send('PING')).rejects.toThrow('closed the connection')
  })
})

describe('fault proxy', () => {
  test('forwards, counts, and holds back what a black hole takes until it heals', async () => {
    await using proxy = await FaultProxy.open(server().port)
    await using client = await connect(proxy.port)
    expect(await client.send('PING')).toBe('PONG')
    expect(proxy).toMatchObject({ connections: 1, open: 1, bytes: { toServer: 14, toClient: 7 } })

    for (const direction of ['toServer', 'toClient'] as const) {
      await proxy.inject({ kind: 'blackHole', direction })
      await using direct = await connect(server().port)
      let settled = false
      const answer = client.send('INCR', direction).finally(() => (settled = true))
      // The request reaches the server in one case only; its effect is what can be waited for.
      if (direction === 'toClient') await expect.poll(() => direct.send('GET', direction)).toBe('1')
      else await expect.poll(() => proxy.bytes.toServer).toBeGreaterThan(14)
      expect(settled).toBe(false)
      expect(await direct.send('GET', direction)).toBe(direction === 'toClient' ? '1' : null)
      await proxy.heal()
      expect(await answer).toBe(1)
    }
  })

  test('lets nothing overtake what a delay held back, however the delay ends', async () => {
    await using proxy = await FaultProxy.open(server().port)
    await using client = await connect(proxy.port)
    await client.send('PING')
    for (const after of [{ kind: 'pass' }, { kind: 'delay', ms: 1 }] as const) {
      const arrived: string[] = []
      const note = (answer: unknown): void => void arrived.push(String(answer))
      const { toServer } = proxy.bytes
      await proxy.inject({ kind: 'delay', ms: 60_000 })
      const held = client.send('ECHO', 'first').then(note)
      await expect.poll(() => proxy.bytes.toServer).toBeGreaterThan(toServer)
      await proxy.inject(after)
      await Promise.all([held, client.send('ECHO', 'second').then(note)])
      expect(arrived).toEqual(['first', 'second'])
    }
  })

  test('delays', async () => {
    await using proxy = await FaultProxy.open(server().port)
    await using client = await connect(proxy.port)
    await proxy.inject({ kind: 'delay', ms: 60, direction: 'toServer' })
    const start = performance.now()
    await client.send('PING')
    expect(performance.now() - start).toBeGreaterThanOrEqual(59)
  })

  test.each(['toServer', 'toClient'] as const)('cuts after so many bytes %s', async (direction) => {
    await using proxy = await FaultProxy.open(server().port)
    await using client = await connect(proxy.port)
    await proxy.inject({ kind: 'cut', direction, afterBytes: 5 })
    await expect(client.send('PING')).rejects.toThrow('closed the connection')
    expect(proxy.open).toBe(0)
  })

  test('resets, refuses, hangs, and recovers from each', async () => {
    await using proxy = await FaultProxy.open(server().port)
    await using client = await connect(proxy.port)
    await client.send('PING')
    await proxy.inject({ kind: 'reset' })
    await expect(client.send('PING')).rejects.toThrow(/ECONNRESET|closed/)

    await proxy.inject({ kind: 'refuse' })
    await expect(connect(proxy.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })

    await proxy.inject({ kind: 'hang' })
    await using hanging = await connect(proxy.port)
    const answer = hanging.send('PING')
    await expect.poll(() => proxy.open).toBe(1)
    await proxy.heal()
    expect(await answer).toBe('PONG')
  })
})

describe('scripted server', () => {
  test('answers as told and records what it got', async () => {
    await using scripted = await ScriptedServer.open(([name], nth) => {
      if (name === 'SMEMBERS') return reply.array(reply.bulk('a'), reply.nil, reply.integer(nth))
      return reply.error('ERR no')
    })
    await using client = await connect(scripted.port)
    expect(await client.send('smembers', 'k')).toEqual(['a', null, 0])
    await expect(client.send('PING')).rejects.toMatchObject({ code: 'ERR' })
    expect(scripted.received).toEqual([['SMEMBERS', 'k'], ['PING']])
  })
})

describe('test server', () => {
  test.each([
    ['hangs up', (socket: Socket) => socket.destroy()],
    ['answers something else', (socket: Socket) => socket.end('\u0015\u0003\u0003')],
  ])('does not take for its own a port on which somebody else %s', async (_, greet) => {
    const other = createServer(greet).listen(0, '127.0.0.1')
    await once(other, 'listening')
    try {
      const { port } = other.address() as AddressInfo
      await expect(startServer({ port })).rejects.toThrow(/did not come up on port/)
    } finally {
      other.close()
    }
  })

  test('restarts on the same port, freezes and thaws', async () => {
    const { port, pid } = server()
    await server().restart()
    expect(server().port).toBe(port)
    expect(server().pid).not.toBe(pid)

    await using client = await connect(port)
    server().freeze()
    let answered = false
    const answer = client.send('PING').finally(() => (answered = true))
    await delay(50) // no condition to wait for: nothing may happen
    expect(answered).toBe(false)
    server().thaw()
    expect(await answer).toBe('PONG')
  })
})
