// docs/errors.md says of every code and reason what the code says, and of nothing else.

import { describe, expect, test } from 'vitest'

import { CONFIG_ERROR_CODES } from '../../src/config-error.js'
import { STORE_FAILURES } from '../../src/store-failure.js'
import { page, tableRows, words } from './support/page.js'

/** `CODE` or `CODE(reason)`, without the prefix: as the tables of the core name them. */
const named = (code: string, reason: string | undefined): string =>
  `${code.replace('ERR_STORE_', '')}${reason === undefined ? '' : `(${reason})`}`

const rows = tableRows(await page('docs/errors.md'), 'store errors').map(
  ([code, reason, , retryable, again, breaker, remedy]) => ({
    name: named(words(code)[0] ?? '', words(reason)[0]),
    retryable,
    again,
    breaker,
    remedy,
  }),
)

const failures = Object.entries(STORE_FAILURES).flatMap(([code, entry]) => {
  const reasons = Object.entries(entry.reasons as Record<string, { readonly retryable: boolean }>)
  if (reasons.length === 0) return [{ name: named(code, undefined), retryable: entry.retryable }]
  return reasons.map(([reason, { retryable }]) => ({ name: named(code, reason), retryable }))
})

/** The list of names that a test of the core holds the core to. */
async function coreNames(testName: string): Promise<string[]> {
  const source = await page('crates/indelible-core/src/failure.rs')
  const [, body = ''] = source.split(`fn ${testName}()`)
  const list = /\[\s*("[^\]]*)\]/.exec(body)?.[1]
  if (list === undefined) throw new Error(`the core has no test ${testName} with a list`)
  return Array.from(list.matchAll(/"([^"]+)"/g), ([, name = '']) => name)
}

const chosen = (column: 'retryable' | 'breaker'): string[] =>
  rows.filter((row) => row[column] === 'yes').map(({ name }) => name)

describe('store errors', () => {
  test('every code with every reason stands there once, in the order of the code', () => {
    expect(rows.map(({ name }) => name)).toEqual(failures.map(({ name }) => name))
  })

  test('the two languages agree', async () => {
    const core = await coreNames('codes_and_reasons_are_those_of_the_documentation')
    expect(core).toEqual(failures.map(({ name }) => name))
  })

  test('retryable is what the error says', async () => {
    expect(chosen('retryable')).toEqual(failures.filter(({ retryable }) => retryable).map(({ name }) => name))
    expect(chosen('retryable')).toEqual(await coreNames('retryable_is_what_may_pass_by_itself'))
  })

  test('the breaker counts what the core counts', async () => {
    expect(chosen('breaker')).toEqual(await coreNames('the_breaker_counts_what_speaks_against_the_node'))
  })

  test('yes and no are all that a column says, and every row has a remedy', () => {
    for (const { name, retryable, again, breaker, remedy } of rows) {
      expect([name, remedy]).not.toEqual([name, ''])
      const columns = [retryable, again, breaker].map((word) => word === 'yes' || word === 'no')
      expect([name, ...columns]).toEqual([name, true, true, true])
    }
  })

  test('what is tried again is what the driver tries again', async () => {
    const source = await page('crates/indelible-valkey/src/fault.rs')
    const [, body = ''] = source.split('fn is_worth_a_retry')
    const [rule = ''] = body.split('\n    }\n')
    // `Failure::Unavailable(reason) => reason != Unavailable::Tls,` and `Failure::Timeout(_) => true,`
    const arms = Array.from(rule.matchAll(/Failure::(\w+)\(\w+\) => (?:reason (!=|==) \w+::(\w+)|true),/g))
    const kebab = (word: string): string => word.replace(/(?<=.)[A-Z]/g, '-$&').toLowerCase()
    const isAgain = (name: string): boolean => {
      const [, code = '', reason = ''] = /^(\w+)(?:\((.+)\))?$/.exec(name) ?? []
      const arm = arms.find(([, variant = '']) => kebab(variant).replaceAll('-', '_').toUpperCase() === code)
      if (arm === undefined) return false
      const [, , comparison, word = ''] = arm
      return comparison === undefined || (kebab(word) === reason) === (comparison === '==')
    }
    expect(arms.length).toBe(4)
    expect(rows.filter(({ again }) => again === 'yes').map(({ name }) => name)).toEqual(
      rows.map(({ name }) => name).filter(isAgain),
    )
  })
})

test('every code of a configuration error stands there once, in the order of the code', async () => {
  const documented = tableRows(await page('docs/errors.md'), 'configuration errors')
  expect(documented.flatMap(([code]) => words(code))).toEqual(Object.keys(CONFIG_ERROR_CODES))
})

test.each([
  'README.md',
  'docs/errors.md',
  'docs/operations.md',
  'docs/soundness.md',
  'docs/design/breaker.md',
  'docs/design/frames-and-lanes.md',
  'docs/design/proof-generation-ratchet.md',
])('every code that %s names exists', async (path) => {
  const known = new Set([...Object.keys(STORE_FAILURES), ...Object.keys(CONFIG_ERROR_CODES)])
  const codes = (await page(path)).match(/ERR_(?:STORE|CONFIG)_[A-Z_]+/g) ?? []
  expect(codes.length).toBeGreaterThan(0)
  expect(codes.filter((code) => !known.has(code))).toEqual([])
})
