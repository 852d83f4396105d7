import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { checks, indelible, named, theCheck } from './support/command.js'

/** Nothing listens there: what comes so far has been read and accepted. */
const NOBODY = 'redis://127.0.0.1:1'
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indelible-cli-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(content: string): Promise<string> {
  const path = join(folder, randomUUID())
  await writeFile(path, content)
  return path
}

test.each([
  [[], 'name a command'],
  [['examine'], 'unknown command'],
  [['doctor'], 'either --endpoint or --config'],
  [['doctor', '--endpoint', NOBODY, '--config', 'x'], 'either --endpoint or --config'],
  [['doctor', '--config', 'x', '--username', 'u'], 'in the file'],
  [['doctor', '--config', 'x', '--password-file', 'f'], 'in the file'],
  [['doctor', '--endpoint', NOBODY, 'more'], 'more arguments'],
  [['doctor', '--endpoint', NOBODY, '--accept'], "'--accept'"],
  [['doctor', '--endpoint', NOBODY, '--json=1'], "'--json'"],
  [['doctor', '--endpoint'], "'--endpoint"],
  [['doctor', '--endpoint', NOBODY, '--admin-password-file', 'f'], 'needs --admin-username'],
  [['doctor', '--endpoint', NOBODY, '--admin-username', 'a'], 'INDELIBLE_ADMIN_PASSWORD'],
  [
    ['doctor', '--endpoint', NOBODY, '--admin-username', 'a', '--admin-password-file', '/nowhere'],
    'cannot be read',
  ],
  [['init', '--endpoint', NOBODY, '--yes'], '--yes'],
  [['labels', '--endpoint', NOBODY], 'name the session'],
  [['labels', '--endpoint', NOBODY, 'a', 'b'], 'one session'],
  [['labels', '--endpoint', NOBODY, ''], 'empty'],
  [['labels', '--endpoint', NOBODY, 'x'.repeat(4097)], '4096'],
])('%j is wrong usage', async (args, problem) => {
  const { status, stdout, stderr } = await indelible(args)
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^indelible: .+\n\nUsage: indelible/)
  expect(stderr.split('\n', 1)[0]).toContain(problem)
})

test('help and version', async () => {
  for (const args of [
    ['--help'],
    ['-h'],
    ['help'],
    ['doctor', '--help'],
    ['init', '-h'],
    ['labels', '--help'],
  ]) {
    const { status, stdout, stderr } = await indelible(args)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Usage: indelible/)
  }
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
    bin: Record<string, string>
  }
  expect(manifest.bin).toEqual({ indelible: 'dist/cli/main.js' })
  for (const flag of ['--version', '-v']) {
    expect((await indelible([flag])).stdout).toBe(`${manifest.version}\n`)
  }
})

describe('a configuration file', () => {
  const block = { kind: 'valkey', endpoint: NOBODY }

  test.each([
    ['the block', block],
    ['a document with a store', { listen: { port: 0 }, store: block }],
  ])('may be %s', async (_, content) => {
    const path = await file(JSON.stringify(content))
    expect(named(await checks(['doctor', '--config', path]), 'fail')).toEqual(['tcp'])
    const piped = await checks(['doctor', '--config', '-'], { stdin: JSON.stringify(content) })
    expect(named(piped, 'fail')).toEqual(['tcp'])
  })

  test('takes ${NAME} from the environment, and $${ for itself', async () => {
    const path = await file(JSON.stringify({ ...block, endpoint: '${WHERE}', keyPrefix: '$${x}' }))
    const found = await checks(['doctor', '--config', path], { env: { WHERE: NOBODY } })
    expect(theCheck(found, 'config').detail).toContain('${x}:')
    const unset = await checks(['doctor', '--config', path], { env: { WHERE: undefined } })
    expect(theCheck(unset, 'config')).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('WHERE'),
    })
  })

  test('in YAML is told how to become JSON, and that works', async () => {
    const yaml = `store:\n  kind: valkey\n  endpoint: ${NOBODY}\n`
    const found = await checks(['doctor', '--config', await file(yaml)])
    expect(theCheck(found, 'config')).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('npx yaml --json --single < FILE | indelible doctor --config -'),
    })
    const { execFile } = await import('node:child_process')
    const json = await new Promise<string>((resolve, reject) => {
      const yamlCommand = join(import.meta.dirname, '../../node_modules/.bin/yaml')
      const child = execFile(yamlCommand, ['--json', '--single'], (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      )
      child.stdin?.end(yaml)
    })
    expect(named(await checks(['doctor', '--config', '-'], { stdin: json }), 'fail')).toEqual(['tcp'])
  })

  test.each([
    ['/nowhere/at/all.json', undefined, 'ENOENT'],
    [undefined, '{ "kind": ', 'not JSON'],
    [undefined, '[1]', 'an array'],
    [undefined, '{ "store": null }', 'null'],
    [undefined, '{ "store": 1, "kind": "valkey" }', 'store'],
    [undefined, '{}', 'missing'],
    [undefined, '{ "kind": "memory", "endpoint": "localhost" }', 'kind'],
    [undefined, '{ "kind": "valkey", "endpoint": "localhost", "ttlSeconds": 0 }', 'ttlSeconds'],
    [undefined, '{ "kind": "valkey", "endpoint": "example.com" }', 'TLS is required'],
    [undefined, '{ "kind": "valkey", "endpoint": "localhost", "passwordFile": "/nowhere" }', 'passwordFile'],
    [
      undefined,
      '{ "kind": "valkey", "endpoint": "rediss://localhost", "tls": { "ca": "/nowhere" } }',
      'tls.ca',
    ],
  ])('%s %s stops at config', async (path, content, problem) => {
    const found = await checks(['doctor', '--config', path ?? (await file(content))])
    expect(named(found, 'fail')).toEqual(['config'])
    expect(theCheck(found, 'config').detail).toContain(problem)
    expect(found.at(-1)?.name).toBe('config')
  })
})

describe('the native addon', () => {
  test('switched off is the only finding', async () => {
    const found = await checks(['doctor', '--endpoint', NOBODY], { env: { INDELIBLE_NATIVE: '0' } })
    expect(found).toMatchObject([{ name: 'native', status: 'fail', hint: expect.stringContaining('unset') }])
  })

  test('of another build that cannot be loaded is the only finding', async () => {
    const env = { INDELIBLE_NATIVE_PATH: '/nowhere.node' }
    const found = await checks(['doctor', '--endpoint', NOBODY], { env })
    expect(found).toMatchObject([{ name: 'native', status: 'fail' }])
  })

  test('chosen by the environment is warned of', async () => {
    const path = join(import.meta.dirname, '../../native/indelible.linux-x64-gnu.node')
    for (const variable of ['INDELIBLE_NATIVE_PATH', 'NAPI_RS_NATIVE_LIBRARY_PATH']) {
      const env = {
        INDELIBLE_NATIVE_PATH: undefined,
        [variable]: process.env['INDELIBLE_NATIVE_PATH'] ?? path,
      }
      const found = await checks(['doctor', '--endpoint', NOBODY], { env })
      expect(theCheck(found, 'native')).toMatchObject({ status: 'warn' })
      expect(named(found, 'fail')).toEqual(['tcp'])
    }
  })
})
