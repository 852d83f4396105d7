import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import type { Cell } from '../../bench/cell.js'
import type { Goal } from '../../bench/goal.js'
import { bench, LIMIT_MS } from './support/bench.js'

const CONTESTANTS = [
  'increments: indelible',
  'increments: rate-limiter-flexible-ioredis',
  'increments: rate-limiter-flexible-iovalkey',
  'increments: loop',
  'increments: raw',
  'sessions: indelible',
  'sessions: connect-redis',
  'sessions: connect-valkey-iovalkey',
  'sessions: loop',
  'sessions: raw',
]

it(
  'npm run bench -- --suite storage measures every contestant and both ceilings under one Node.js that suits them all',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-bench-'))
    const json = join(folder, 'storage.json')
    const args = ['--suite', 'storage', '--quick', '--rounds', '1', '--seconds', '0.3', '--json', json]
    const { status, output, complaints } = await bench(...args)
    expect({ status, complaints }).toMatchObject({ status: 0 })
    expect(complaints).toMatch(/rounds run under Node\.js v2[4-9]\.\d+/)
    expect(complaints).toMatch(/rate-limiter-flexible \d+\.\d+\.\d+/)

    const document = JSON.parse(await readFile(json, 'utf8')) as {
      readonly cells: readonly Cell[]
      readonly goals: readonly Goal[]
    }
    await rm(folder, { recursive: true })
    expect(document.cells.map(({ contestant }) => contestant)).toEqual(CONTESTANTS)
    for (const { rounds } of document.cells) expect(rounds[0]?.operations).toBeGreaterThan(0)
    expect(document.goals).toHaveLength(5)
    expect(output.match(/^(?:met|MISSED)/gm)).toHaveLength(5)

    // CPU time is the one speed that a busy machine does not change much; the bars themselves need a quiet one.
    const cpu = document.cells.map(({ summary }) => summary.processCpuMicrosPerOp?.median ?? Number.NaN)
    expect(cpu[0]).toBeLessThan(Math.min(cpu[1] ?? 0, cpu[2] ?? 0))
    for (const { ceiling } of document.goals.slice(0, 4)) expect(ceiling?.value).toBeGreaterThan(0)
    expect(document.goals.at(-1)).toMatchObject({ id: 'storage.policy', value: expect.any(Number) })
  },
  LIMIT_MS,
)
