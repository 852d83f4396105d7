// docs/events.md and docs/operations.md name every event with its fields, and no other.

import { describe, expect, test } from 'vitest'

import { page, tableRows, words } from './support/page.js'

const driver = await page('crates/indelible-valkey/src/event.rs')
const types = await page('src/events.ts')
const events = await page('docs/events.md')

/** Names and fields of an enum of the driver's events: what `fn name` and `fn details` of its `impl` say. */
function driverEvents(of: 'Alarm' | 'State'): Map<string, string[]> {
  const [, body = ''] = driver.split(`impl ${of} {`)
  const [implementation = ''] = body.split('\n}\n')
  const [naming = '', detailing = ''] = implementation.split('fn details')
  const named = Array.from(naming.matchAll(/Self::(\w+)(?: \{ \.\. \})? => "(\w+)"/g))
  const arms = detailing.split(/(?=Self::)/)
  return new Map(
    named.map(([, variant = '', name = '']) => {
      const arm = arms.find((text) => new RegExp(`^Self::${variant}\\b`).test(text)) ?? ''
      const [, payload = ''] = /json!\(\{(.*?)\}\)/s.exec(arm) ?? []
      return [name, Array.from(payload.matchAll(/"(\w+)":/g), ([, field = '']) => field)]
    }),
  )
}

/** Names and fields as a table of docs/events.md gives them. */
function documented(table: string): Map<string, string[]> {
  return new Map(
    tableRows(events, table).map(([name, , fields]) => [words(name).join(), words(fields)] as const),
  )
}

/** The names in the type of a store's alarm. */
const typed = Array.from(
  (/interface StoreAlarm \{(.*?)readonly kind/s.exec(types)?.[1] ?? '').matchAll(/'(\w+)'/g),
  ([, name = '']) => name,
)

const OF_TYPESCRIPT: readonly (readonly [string, readonly string[]])[] = [
  [
    'session_store_failure',
    Array.from(
      (/interface SessionStoreFailureAlarm \{(.*?)\n\}/s.exec(types)?.[1] ?? '').matchAll(
        /readonly (\w+)\??:/g,
      ),
      ([, field = '']) => field,
    ).filter((field) => field !== 'name' && field !== 'kind'),
  ],
  ['session_store_memory', ['path', 'notice']],
]

/** The words of a union of text literals. */
const union = (source: string, name: string): string[] => {
  const [, body = ''] = new RegExp(`type ${name} =([^=]*?)\\n\\n`).exec(source) ?? []
  return Array.from(body.matchAll(/'([\w-]+)'/g), ([, word = '']) => word)
}

const entries = (map: Iterable<readonly [string, readonly string[]]>): unknown =>
  Object.fromEntries(Array.from(map, ([name, fields]) => [name, fields]))

/** The property names of an object literal without nesting, given by what stands between its braces. */
const propertyNames = (literal: string): string[] =>
  literal
    .replaceAll(/'[^']*'/g, '')
    .split(',')
    .map((property) => property.split(':')[0]?.trim() ?? '')
    .filter((name) => name !== '')

describe('alarms', () => {
  test('the driver has some', () => expect(driverEvents('Alarm').size).toBeGreaterThan(5))

  test('the table has every name with every field', () => {
    expect(entries(documented('alarms'))).toEqual(entries([...driverEvents('Alarm'), ...OF_TYPESCRIPT]))
  })

  test('the type has every name', () => {
    expect([...typed, 'session_store_failure'].toSorted()).toEqual(
      [...documented('alarms').keys()].toSorted(),
    )
  })

  test('the gateway’s table has every name with every field', async () => {
    const sources = ['gateway.ts', 'request-handler.ts', 'judgement.ts'].map((file) =>
      page(`gateway/src/${file}`),
    )
    const published = (await Promise.all(sources)).flatMap((source) =>
      Array.from(
        source.matchAll(/publishAlarm\('(\w+)', [^{]+?, \{(.*?)\}\)/gs),
        ([, name = '', payload = '']) => [name, propertyNames(payload)] as const,
      ),
    )
    expect(entries(documented('gateway alarms'))).toEqual(entries(published))
  })

  test('the runbook has a row for each, with something to do', async () => {
    const rows = tableRows(await page('docs/operations.md'), 'alarms')
    expect(rows.flatMap(([name]) => words(name)).toSorted()).toEqual(
      [...documented('alarms').keys(), ...documented('gateway alarms').keys()].toSorted(),
    )
    for (const cells of rows) expect(cells).not.toContain('')
  })
})

describe('operations', () => {
  test('the table has every name with every operation', async () => {
    const source = await page('src/store-error.ts')
    const label = union(source, 'LabelOperation')
    const storage = union(source, 'StorageOperation')
    expect(label).toContain('load')
    expect(storage).toContain('increment')
    const rows = tableRows(events, 'operations').map(
      ([name, ops]) => [words(name).join(), words(ops)] as const,
    )
    expect(entries(rows)).toEqual({
      session_store_operation: label,
      storage_operation: storage,
    })
  })

  test('the table of fields has every field', () => {
    const [, body = ''] = /interface OperationOutcome \{(.*?)\n\}/s.exec(types) ?? []
    const fields = Array.from(body.matchAll(/readonly (\w+)\??:/g), ([, field]) => field)
    expect(tableRows(events, 'operation fields').flatMap(([field]) => words(field))).toEqual(
      fields.filter((field) => field !== 'kind'),
    )
  })
})

test('states: the table has every name with every field', async () => {
  expect(driverEvents('State').size).toBeGreaterThan(5)
  const opened = /name: '(session_store_opened)', kind, (path) \}/.exec(
    await page('src/open-session-store.ts'),
  )
  const [, name = '', field = ''] = opened ?? []
  expect(entries(documented('states'))).toEqual(entries([...driverEvents('State'), [name, [field]]]))
})

test('health: the table has every field', async () => {
  const source = await page('src/store-health.ts')
  const fieldsOf = (opening: string): (string | undefined)[] => {
    const [, rest = ''] = source.split(opening)
    const [body = ''] = rest.split('\n}')
    return Array.from(body.matchAll(/^ {2}readonly (\w+)\??:/gm), ([, field]) => field)
  }
  const fields = [
    ...fieldsOf('interface NodeHealth {'),
    ...fieldsOf('interface StoreHealth extends NodeHealth {'),
  ]
  const [, section = ''] = events.split('## Without events')
  const documentedFields = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => words(line.split('|')[1]))
  expect(documentedFields).toEqual(fields)
})
