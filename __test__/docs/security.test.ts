// docs/security.md: every threat has something that stops it, the files that hold it, and tests that are there.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { page, tableRows, words } from './support/page.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const threats = tableRows(await page('docs/security.md'), 'threats')

/** The `file` “name of a test” pairs of a cell. */
const shown = (cell: string): (readonly [file: string, name: string])[] =>
  Array.from(cell.matchAll(/`([^`]+)` “([^”]+)”/g), ([, file = '', name = '']) => [file, name] as const)

test('no threat is listed twice', () => {
  expect(threats.length).toBeGreaterThanOrEqual(15)
  expect(new Set(threats.map(([threat]) => threat)).size).toBe(threats.length)
})

test.each(threats)('%s', async (...cells) => {
  const [threat, mechanism, where, by = ''] = cells
  expect(cells).toHaveLength(5)
  expect([threat, mechanism]).not.toContain('')
  expect(words(where)).not.toEqual([])
  expect(words(where).filter((file) => !existsSync(ROOT + file))).toEqual([])
  const tests = shown(by)
  expect(tests).not.toEqual([])
  // Nothing stands in the cell that this test would not look for.
  expect(tests.map(([file, name]) => `\`${file}\` “${name}”`).join(', ')).toBe(by)
  for (const [file, name] of tests) expect(await page(file), file).toContain(name)
})
