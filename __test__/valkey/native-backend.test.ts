// The native addon is optional: without it kind valkey is a configuration error that says what to do, and never
// memory in its place.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, test } from 'vitest'

import { run } from './support/program.js'

const folder = mkdtempSync(join(tmpdir(), 'indelible-native-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const OPEN = `
  import { ConfigError, openSessionStore } from 'indelible'
  const config = JSON.parse(process.argv[1])
  const store = await openSessionStore(config, { path: 'gateway.store' }).catch((error) => error)
  const { kind, code, path, message, cause } = store
  process.stdout.write(JSON.stringify({
    isConfigError: store instanceof ConfigError, kind, code, path, message, hasCause: cause !== undefined,
  }))
`

async function open(config: object, env: NodeJS.ProcessEnv): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await run(OPEN, [JSON.stringify(config)], env)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Record<string, unknown>
}

const VALKEY = { kind: 'valkey', endpoint: 'localhost' }
/** An addon of the future that would do everything. */
const FUTURE = `module.exports = { version: () => '999.0.0', testSwitches: () => false, openStore: () => ({}) }`

describe.each<readonly [string, NodeJS.ProcessEnv, RegExp, boolean]>([
  ['switched off', { INDELIBLE_NATIVE: '0' }, /INDELIBLE_NATIVE=0; unset/, false],
  [
    'missing',
    { INDELIBLE_NATIVE_PATH: join(folder, 'nothing.node') },
    /INDELIBLE_NATIVE_PATH names a file/,
    true,
  ],
  [
    'no addon',
    { INDELIBLE_NATIVE_PATH: file('text.node', 'text') },
    /INDELIBLE_NATIVE_PATH names a file/,
    true,
  ],
  ['empty', { INDELIBLE_NATIVE_PATH: file('empty.node', '') }, /INDELIBLE_NATIVE_PATH names a file/, true],
  ['a folder', { INDELIBLE_NATIVE_PATH: folder }, /INDELIBLE_NATIVE_PATH names a file/, true],
  [
    'somebody else’s',
    { INDELIBLE_NATIVE_PATH: file('other.cjs', 'module.exports = {}') },
    /what was loaded is another addon; install this package anew/,
    false,
  ],
  [
    'of another version',
    { INDELIBLE_NATIVE_PATH: file('future.cjs', FUTURE) },
    /version 999\.0\.0, and this package is \d+\.\d+\.\d+; install both in the same version/,
    false,
  ],
])('an addon that is %s', (_, env, because, hasCause) => {
  test('is a configuration error for kind valkey, with platform, package and remedy', async () => {
    const answer = await open(VALKEY, env)
    expect(answer).toMatchObject({
      isConfigError: true,
      code: 'ERR_CONFIG_NATIVE_UNAVAILABLE',
      path: 'gateway.store',
      hasCause,
    })
    expect(answer['kind']).toBeUndefined()
    expect(answer['message']).toMatch(/^gateway\.store: kind "valkey" needs the native addon/)
    expect(answer['message']).toMatch(because)
    expect(answer['message']).toContain(`indelible-${process.platform}-${process.arch}`)
    expect(answer['message']).toContain(`Node.js ${process.versions.node}`)
  })

  test('is nobody’s concern for kind memory', async () => {
    expect(await open({ kind: 'memory' }, env)).toMatchObject({ isConfigError: false, kind: 'memory' })
  })
})

test('an addon that is there is used', async () => {
  expect(await open(VALKEY, { INDELIBLE_NATIVE: '1' })).toMatchObject({
    isConfigError: false,
    kind: 'valkey',
  })
})
