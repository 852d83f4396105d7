// Histories on disk: nothing that was written is missing when they are judged.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { HistoryWriter, readEpoch } from '../../soak/history/history-files.js'
import type { Operation } from '../../soak/history/operation.js'
import { append, load } from './support/histories.js'

test('operations come back by epoch and session, over all processes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'indelible-history-'))
  try {
    const writers = [new HistoryWriter(folder, 0), new HistoryWriter(folder, 11)]
    const written: Operation[] = []
    for (let n = 0; n < 3_000; n++) {
      const operation = n % 2 === 0 ? append(`0-${n}`, n, n + 0.5) : load([`0-${n - 1}`], n, n + 0.5)
      written.push(operation)
      writers[n % 3 === 0 ? 0 : 1]?.write(1, operation)
    }
    writers[0]?.write(11, { ...load([], 0, 1), session: 'other' })
    for (const writer of writers) await writer.close()

    const epoch = await readEpoch(folder, 1)
    expect([...epoch.keys()]).toEqual(['s'])
    expect(epoch.get('s')?.toSorted((a, b) => a.t0 - b.t0)).toEqual(written)
    expect([...(await readEpoch(folder, 11)).keys()]).toEqual(['other'])
    expect((await readEpoch(folder, 2)).size).toBe(0)
  } finally {
    await rm(folder, { recursive: true })
  }
})
