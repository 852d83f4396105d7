// The loop ceiling answers from memory. It would be a store that loses everything, so no shipped addon has it.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, it } from 'vitest'

import { loopAddon } from '../../scripts/build-loop.mjs'
import { LIMIT_MS } from './support/bench.js'

/** Opens a store where nobody listens, appends and loads. */
const SCRIPT = `
  import { openSessionStore } from 'indelible'
  const store = await openSessionStore({ kind: 'valkey', endpoint: 'redis://127.0.0.1:1' })
  const told = (result) => result.ok ? ['ok', ...(result.labels ?? [])] : [result.error.code]
  const all = [
    await store.loadLabels('s'),
    await store.appendLabels('s', ['b', 'a']),
    await store.loadLabels(['s', 't']),
  ]
  console.log(JSON.stringify({ all: all.map(told), state: store.health().state }))
  await store.close()
`

async function run(env: NodeJS.ProcessEnv): Promise<unknown> {
  const args = ['--input-type=module', '--eval', SCRIPT]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, ...env },
  })
  return JSON.parse(stdout)
}

it(
  'the loop engine answers without a server',
  async () => {
    const answers = { all: [['ok'], ['ok'], ['ok', 'a', 'b']], state: 'connected' }
    expect(await run({ INDELIBLE_NATIVE_PATH: await loopAddon() })).toEqual(answers)
  },
  LIMIT_MS,
)

it('the addon that is shipped has no loop engine', async () => {
  const failed = ['ERR_STORE_UNAVAILABLE']
  expect(await run({})).toEqual({ all: [failed, failed, failed], state: 'idle' })
})
