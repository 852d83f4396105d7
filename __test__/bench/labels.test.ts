import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { CALLERS, type Cell } from '../../bench/cell.js'
import { CONTESTANTS } from '../../bench/contestant.js'

/** Fifteen processes of about a second, and the first time an installation of the peers. */
const LIMIT_MS = 180_000

describe('npm run bench -- --suite labels', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'indelible-bench-'))
  })
  afterEach(async () => rm(folder, { recursive: true }))

  it(
    'measures every contestant at every number of callers',
    async () => {
      const json = join(folder, 'labels.json')
      const { status, output, complaints } = await bench('--quick', '--seconds', '0.3', '--json', json)
      expect(complaints).not.toMatch(/error/i)
      expect(status).toBe(0)

      const document = JSON.parse(await readFile(json, 'utf8')) as Document
      const expected = CALLERS.flatMap((callers) =>
        CONTESTANTS.map((contestant) => `${contestant}/${callers}`),
      )
      expect(document.cells.map(({ contestant, callers }) => `${contestant}/${callers}`)).toEqual(expected)
      for (const { rounds } of document.cells) expect(rounds[0]?.operations).toBeGreaterThan(0)

      // CPU time is the one speed that a busy machine does not change much; the goals themselves need a quiet one.
      for (const callers of [64, 512]) {
        const [ours, ...peers] = document.cells
          .filter((cell) => cell.callers === callers)
          .map(cpuPerOperation)
        expect(ours).toBeLessThan(Math.min(...peers))
      }

      expect(Object.keys(document.conditions.packages).toSorted()).toEqual([
        '@valkey/valkey-glide',
        'connect-redis',
        'connect-valkey',
        'express-session',
        'indelible',
        'ioredis',
        'iovalkey',
        'rate-limiter-flexible',
        'redis',
      ])
      expect(document.server).toMatch(/^(?:redis|valkey) \d+\.\d+\.\d+$/)
      expect(document.goals).toHaveLength(5)
      expect(output.match(/^(?:met|MISSED)/gm)).toHaveLength(5)
    },
    LIMIT_MS,
  )

  it('explains itself when it is used wrongly', async () => {
    const { status, output, complaints } = await bench('--only', 'redis')
    expect(complaints).toContain('--only redis: the contestants are: indelible, ioredis')
    expect(complaints).toContain('usage: npm run bench')
    expect(output).toBe('')
    expect(status).toBe(64)
  })
})

interface Document {
  readonly cells: readonly Cell[]
  readonly goals: readonly unknown[]
  readonly conditions: { readonly packages: Readonly<Record<string, string>> }
  readonly server: string
}

function cpuPerOperation({ summary }: Cell): number {
  return summary.processCpuMicrosPerOp?.median ?? Number.NaN
}

async function bench(
  ...args: readonly string[]
): Promise<{ status: number; output: string; complaints: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  })
  const [[status], output, complaints] = await Promise.all([
    once(child, 'close') as Promise<[number]>,
    text(child.stdout),
    text(child.stderr),
  ])
  return { status, output, complaints }
}
