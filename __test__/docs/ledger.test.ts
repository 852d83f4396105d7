// docs/soundness.md: every line of the ledger has a mechanism, the file that holds it and a test, or says that it is
// planned.

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
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

/** The numbers in texts such as `lines 8, 10 and 17`. */
const linesIn = (text: string): number[] =>
  Array.from(text.matchAll(/\blines? ((?:\d+(?:, | and )?)+)/gi), ([, list = '']) => list.match(/\d+/g) ?? [])
    .flat()
    .map(Number)

const ledgerTests = (await readdir(`${ROOT}__test__/ledger`)).filter((file) => file.endsWith('.test.ts'))

test.each(ledgerTests)('the lines that %s says it shows name it', async (file) => {
  const [head = ''] = (await page(`__test__/ledger/${file}`)).split('\nimport ')
  const shown = linesIn(head.replaceAll('\n// ', ' '))
  expect(shown).not.toEqual([])
  const naming = ledger.filter((row) => row[4]?.includes(`__test__/ledger/${file}`))
  expect(naming.map(([number]) => Number(number))).toEqual(shown)
})

test('every line that code cites exists', async () => {
  const cited = ['checks.rs', 'generation.rs', 'switches.rs', 'operation/mod.rs'].map((file) =>
    page(`crates/indelible-valkey/src/${file}`),
  )
  const lines = (await Promise.all(cited)).flatMap(linesIn)
  expect(lines.length).toBeGreaterThan(10)
  expect(lines.filter((line) => line < 1 || line > ledger.length)).toEqual([])
})
