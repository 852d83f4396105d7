import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { expect, it } from 'vitest'

import type { Cell } from '../../bench/cell.js'
import type { Goal } from '../../bench/goal.js'

/** Six processes of about a second, and the first time an installation of the peers. */
const LIMIT_MS = 180_000

const CONTESTANTS = [
  'increments: indelible',
  'increments: rate-limiter-flexible-ioredis',
  'increments: rate-limiter-flexible-iovalkey',
  'sessions: indelible',
  'sessions: connect-redis',
  'sessions: connect-valkey-iovalkey',
]

it(
  'npm run bench -- --suite storage measures every contestant under one Node.js that suits them all',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'indelible-bench-'))
    const json = join(folder, 'storage.json')
    const args = ['--import', 'tsx', 'bench/main.ts', '--suite', 'storage', '--quick', '--seconds', '0.3']
    const child = spawn(process.execPath, [...args, '--json', json], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
    })
    const [[status], output, complaints] = await Promise.all([
      once(child, 'close'),
      text(child.stdout),
      text(child.stderr),
    ])
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

    // CPU time is the one speed that a busy machine does not change much; the goals themselves need a quiet one.
    const cpu = document.cells.map(({ summary }) => summary.processCpuMicrosPerOp?.median ?? Number.NaN)
    expect(cpu[0]).toBeLessThan(Math.min(cpu[1] ?? 0, cpu[2] ?? 0))
    expect(document.goals.at(-1)).toMatchObject({ metric: 'p50Micros', ratio: expect.any(Number) })
  },
  LIMIT_MS,
)
