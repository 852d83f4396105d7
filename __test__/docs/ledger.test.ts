// docs/soundness.md: every line of the ledger has a mechanism, the file that holds it and a test, or says that it is
// planned.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { page, tableRows, words } from './support/page.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const soundness = await page('docs/soundness.md')
const ledger = tableRows(soundness, 'ledger')

test('the lines are numbered without a gap', () => {
  expect(ledger.map(([number]) => Number(number))).toEqual(ledger.map((_, index) => index + 1))
  expect(ledger.length).toBeGreaterThanOrEqual(26)
})

test.each(ledger)('line %s: %s', (...cells) => {
  const [, loss, mechanism = '', where, shown = '', limits = ''] = cells
  expect(cells).toHaveLength(6)
  expect(loss).not.toBe('')
  if (shown === 'planned') {
    expect(mechanism).toContain('planned')
    expect(limits).not.toBe('')
    return
  }
  const files = [...words(where), ...words(shown)]
  expect(words(where)).not.toEqual([])
  expect(words(shown)).not.toEqual([])
  for (const file of words(shown))
    expect(file).toMatch(/^__test__\/.*\.test\.ts$|^crates\/.*\/tests\/.*\.rs$/)
  expect(files.filter((file) => !existsSync(ROOT + file))).toEqual([])
})

test('every line that code or tests cite exists', async () => {
  const cited = ['checks.rs', 'generation.rs', 'switches.rs', 'operation/mod.rs'].map((file) =>
    page(`crates/indelible-valkey/src/${file}`),
  )
  const lines = (await Promise.all(cited)).flatMap((source) =>
    Array.from(
      source.matchAll(/\blines? ((?:\d+(?:, | and )?)+)/g),
      ([, list = '']) => list.match(/\d+/g) ?? [],
    ).flat(),
  )
  expect(lines.length).toBeGreaterThan(10)
  expect(lines.filter((line) => Number(line) < 1 || Number(line) > ledger.length)).toEqual([])
})
