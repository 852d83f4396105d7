// The raw ceiling sends what our store sends: recorded on the wire, byte for byte.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { CommandStream } from '../../bench/raw/command-stream.js'
import { MIXES } from '../../bench/raw/mix.js'
import { rawContenders } from '../../bench/raw/raw-contender.js'
import { buildRawProgram } from '../../bench/raw/raw-program.js'
import { Recording } from '../../bench/raw/recording.js'
import { encodeCommand } from '../support/resp-parser.js'
import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { LIMIT_MS } from './support/bench.js'

const PIPELINE: readonly (readonly string[])[] = [
  ['HELLO', '2'],
  ['MULTI'],
  ['SADD', 'k', 'a\r\nb', ''],
  ['SADD', 'l', 'a'],
  ['EXPIRE', 'k', '5', 'NX'],
  ['EXEC'],
  ['smembers', 'k'],
  ['EXPIRE', 'k', '5', 'GT'],
  ['GETEX', 'g', 'PERSIST'],
]
const BYTES = Buffer.concat(PIPELINE.map((args) => encodeCommand(args)))

describe('what a client sends', () => {
  it('is cut into commands, however it arrives', () => {
    for (const size of [1, 2, 7, 64, BYTES.length]) {
      const stream = new CommandStream()
      const commands = chunks(size).flatMap((chunk) => stream.feed(chunk))
      expect(commands.map(({ name }) => name)).toEqual(PIPELINE.map(([name]) => name?.toUpperCase()))
      expect(Buffer.concat(commands.map(({ bytes }) => bytes))).toEqual(BYTES)
    }
  })

  it('is refused where it is no command', () => {
    expect(() => new CommandStream().feed(Buffer.from('PING\r\n'))).toThrow('no command: PING')
  })
})

describe('a recording', () => {
  it('keeps the handshake, transactions whole, and the proof with what comes before it', () => {
    const recording = new Recording({ ...MIXES.labels, seeds: 2 })
    const record = recording.connection()
    new CommandStream().feed(BYTES).forEach(record)
    expect(recording.operations).toBe(3)

    const encoded = recording.encode()
    expect(encoded.readUInt32LE(0)).toBe(3)
    expect(partsOf(encoded)).toMatchObject([
      { kind: 0, operations: 0, replies: 1 },
      { kind: 1, operations: 2, replies: 5 },
      { kind: 2, operations: 1, replies: 3 },
    ])
    expect(Buffer.concat(partsOf(encoded).map(({ bytes }) => bytes))).toEqual(BYTES)
  })

  it('is of no use where it holds nothing but what fills the server', () => {
    const recording = new Recording({ ...MIXES.labels, seeds: 3 })
    new CommandStream().feed(BYTES).forEach(recording.connection())
    expect(() => recording.encode()).toThrow('3 operations were recorded')
  })
})

describe('the raw ceiling', () => {
  const server = ownServer()

  it.each([
    { workload: 'labels', commands: ['SMEMBERS', 'SADD', 'MULTI', 'EXEC', 'EXPIRE', 'GETEX'] },
    { workload: 'increments', commands: ['MULTI', 'INCRBY', 'EXPIRE', 'PTTL', 'EXEC'] },
    { workload: 'sessions', commands: ['MULTI', 'HSET', 'EXPIRE', 'EXEC', 'HMGET'] },
  ] as const)(
    'sends the commands of our store: $workload',
    async ({ workload, commands }) => {
      await buildRawProgram()
      const folder = await mkdtemp(join(tmpdir(), 'indelible-raw-'))
      const { raw } = rawContenders({ url: server().url, folder, workload })
      // The first measurement records. One caller: one way to cut what is under way, and so one run of the program.
      const pace = { warmUpSeconds: 0.05, seconds: 0.6 }
      await raw.measure(1, pace)
      await using spy = await connect(server().port)
      await using monitor = await spy.monitor()
      const result = await raw.measure(1, pace)
      const seen = await monitor.commands()
      await rm(folder, { recursive: true })

      expect(result.operations).toBeGreaterThan(10)
      const names = seen.map(({ args }) => String(args[0]).toUpperCase())
      for (const name of commands) expect(names).toContain(name)
      // It fills the server, warms up for a twelfth of the window, and counts every step of the window once.
      const { steps, seeds, stepsPerOperation } = MIXES[workload]
      const sent = names.filter((name) => (steps as ReadonlySet<string>).has(name)).length - seeds
      expect(sent / (result.operations * stepsPerOperation)).toBeGreaterThanOrEqual(1)
      expect(sent / (result.operations * stepsPerOperation)).toBeLessThan(2)
    },
    LIMIT_MS,
  )
})

function chunks(size: number): Buffer[] {
  return Array.from({ length: Math.ceil(BYTES.length / size) }, (_, index) =>
    BYTES.subarray(index * size, (index + 1) * size),
  )
}

function partsOf(encoded: Buffer): { kind: number; operations: number; replies: number; bytes: Buffer }[] {
  const parts = []
  for (let at = 4; at < encoded.length;) {
    const [kind, operations, replies, length] = [0, 4, 8, 12].map((field) => encoded.readUInt32LE(at + field))
    const bytes = encoded.subarray(at + 16, at + 16 + (length ?? 0))
    parts.push({ kind: kind ?? 0, operations: operations ?? 0, replies: replies ?? 0, bytes })
    at += 16 + bytes.length
  }
  return parts
}
