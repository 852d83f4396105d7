import { readFile } from 'node:fs/promises'

import { expect, test } from 'vitest'

import { indelible } from './support/command.js'

const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

interface Schema {
  readonly $defs: { readonly check: { readonly properties: { readonly name: { readonly enum: string[] } } } }
}

test('docs/cli.md lists the checks that the published schema knows, and no other', async () => {
  const schema = JSON.parse(await read('schema/doctor-report.schema.json')) as Schema
  const [, table = ''] = /^## Checks$(.*?)^## /ms.exec(await read('docs/cli.md')) ?? []
  const firstCells = Array.from(table.matchAll(/^\| (`[^|]*) \|/gm), ([, cell = '']) => cell)
  const listed = firstCells.flatMap((cell) =>
    Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = '']) => name),
  )
  expect(listed.length).toBeGreaterThan(20)
  expect(listed.sort()).toEqual([...schema.$defs.check.properties.name.enum].sort())
})

test('every check that the driver can report is one of them', async () => {
  const schema = JSON.parse(await read('schema/doctor-report.schema.json')) as Schema
  const names = new Set(schema.$defs.check.properties.name.enum)
  const folder = 'crates/indelible-valkey/src/operator'
  const files = [
    'approach',
    'default_user',
    'doctor',
    'finding',
    'generation',
    'latency',
    'look_up',
    'permissions',
    'server_facts',
  ]
  const reported = new Set<string>()
  for (const file of [...files, 'version']) {
    const source = await read(`${folder}/${file}.rs`)
    const calls =
      /(?:Finding::(?:ok|warn|fail)|Self::fail|Need::new|\.(?:pass|stop))\(\s*"([a-z.]+)"|NAME: &str = "([a-z.]+)"/g
    for (const [, called, constant] of source.matchAll(calls)) reported.add(called ?? constant ?? '')
  }
  expect(reported.size).toBeGreaterThan(20)
  expect([...reported].filter((name) => !names.has(name))).toEqual([])
})

test('docs/cli.md explains every option, and only options that there are', async () => {
  const options = (text: string): string[] => [...new Set(text.match(/--[a-z][a-z-]+/g) ?? [])].sort()
  const { stdout } = await indelible(['--help'])
  const documented = options((await read('docs/cli.md')).replace(/^npx yaml.*$/m, ''))
  expect(documented).toEqual(options(stdout).filter((option) => !['--help', '--version'].includes(option)))
})
