// Writes every generated file that is committed, or with --check says which of them are not what they would be:
//
//   schema/indelible.schema.json           JSON Schema of the store block, from the Rust configuration struct
//   src/config/valkey-config.ts            its TypeScript type
//   docs/configuration.md                  its table, between two markers
//   schema/indelible-storage.schema.json   the same three of the storage driver
//   src/storage/redis-storage-config.ts
//   docs/storage.md
//   gateway/schema/…                       JSON Schema of the gateway's configuration
//   native/index.js, index.d.ts            loader and types of the addon

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

import { compile } from 'json-schema-to-typescript'

import { bootstrap, buildNative } from './bootstrap.mjs'
import { ROOT, command, script } from './command.mjs'
import { configTable } from './config-table.mjs'
import { published, storeSchema } from './store-schema.mjs'
import { record } from './tally.mjs'

const TABLE = { begin: '<!-- generated: settings -->', end: '<!-- end of generated: settings -->' }

await script(async () => {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
  await bootstrap()
  const generated = await generate()
  const differing = []
  for (const [path, content] of generated) {
    if ((await current(path)) !== content) differing.push(path)
  }
  if (!values.check) {
    for (const path of differing) await write(path, generated.get(path) ?? '')
    process.stdout.write(`${generated.size} generated files, ${differing.length} written\n`)
  } else if (differing.length > 0) {
    const failures = differing.map((path) => `not as generated: ${path}`)
    record({ passed: 0, failed: differing.length, skipped: 0, failures })
    throw new Error(
      `not as generated: ${differing.join(', ')}; run \`npm run generate\` and commit the result`,
    )
  } else {
    process.stdout.write(`${generated.size} generated files, all as generated\n`)
  }
})

/** @returns {Promise<Map<string, string>>} path, relative to the root, to content */
async function generate() {
  // Built as the tests are, so that nothing is compiled twice.
  await command('cargo', ['build', '--workspace', '--all-features', '--example', 'print-config-schema'])
  const target = process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target')
  const { labels, storage } = published(
    await printedBy(join(target, 'debug', 'examples', 'print-config-schema'), []),
  )
  const gateway = await printedBy('node', ['gateway/dist/config/print-schema.js'])
  // Into a folder of its own: generating must not touch the addon that is in use.
  await buildNative('fast', 'target/generated-native')
  return new Map([
    ['schema/indelible.schema.json', json(storeSchema(labels))],
    ['src/config/valkey-config.ts', await configTypes(labels)],
    ['docs/configuration.md', await withTable('docs/configuration.md', configTable(labels))],
    ['schema/indelible-storage.schema.json', json(storage)],
    ['src/storage/redis-storage-config.ts', await configTypes(storage)],
    ['docs/storage.md', await withTable('docs/storage.md', configTable(storage))],
    ['gateway/schema/indelible-gateway.schema.json', gateway],
    ['native/index.js', await readFile(join(ROOT, 'target/generated-native/index.js'), 'utf8')],
    ['native/index.d.ts', await readFile(join(ROOT, 'target/generated-native/index.d.ts'), 'utf8')],
  ])
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 */
async function printedBy(program, args) {
  let printed = ''
  await command(program, args, { onOutput: (text) => (printed += text), echo: false })
  return printed
}

/** @param {import('json-schema-to-typescript').JSONSchema} schema */
async function configTypes(schema) {
  return compile(schema, String(schema.title), {
    bannerComment: '// GENERATED from the Rust configuration struct by `npm run generate`. Do not edit.',
    style: { semi: false, singleQuote: true, printWidth: 110, trailingComma: 'all' },
  })
}

/**
 * The text of `path` with `table` between its markers.
 * @param {string} path
 * @param {string} table
 */
async function withTable(path, table) {
  const text = await readFile(join(ROOT, path), 'utf8')
  const [begin, end] = [text.indexOf(TABLE.begin), text.indexOf(TABLE.end)]
  if (begin === -1 || end < begin)
    throw new Error(`${path} lacks the markers ${TABLE.begin} and ${TABLE.end}`)
  return `${text.slice(0, begin)}${TABLE.begin}\n\n${table}\n${text.slice(end)}`
}

/** @param {unknown} value */
function json(value) {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** @param {string} path */
async function current(path) {
  return readFile(join(ROOT, path), 'utf8').catch(() => undefined)
}

/**
 * @param {string} path
 * @param {string} content
 */
async function write(path, content) {
  await mkdir(dirname(join(ROOT, path)), { recursive: true })
  await writeFile(join(ROOT, path), content)
}
