// The loop ceiling answers from memory. It would be a store that loses everything, so no shipped addon has it.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, it } from 'vitest'

import { loopAddon } from '../../scripts/build-loop.mjs'
import { LIMIT_MS } from './support/bench.js'

/** Opens stores where nobody listens, writes and reads. */
const SCRIPT = `
  import { openSessionStore } from 'indelible'
  import { RedisBackend } from 'indelible/storage'
  const store = await openSessionStore({ kind: 'valkey', endpoint: 'redis://127.0.0.1:1' })
  const backend = await RedisBackend.connect({ url: 'redis://127.0.0.1:1' })
  const [records, counter] = [backend.sessions(), backend.rateLimiter()]
  const sessionId = '00000000000000000000000000000001'
  const told = (result) => result.ok ? ['ok', ...(result.labels ?? [])] : [result.error.code]
  const found = (result) => result.ok ? ['ok', String(result.value?.startedAtNs ?? result.value?.total)] : [result.error.code]
  const all = [
    await store.loadLabels('s'),
    await store.appendLabels('s', ['b', 'a']),
    await store.loadLabels(['s', 't']),
  ]
  const stored = [
    await records.save({ sessionId, agentId: sessionId, startedAtNs: 17n }),
    await records.load(sessionId),
    await counter.hit('k', 2n, 60),
    await counter.hit('k', 3n, 60),
  ]
  console.log(JSON.stringify({ all: all.map(told), stored: stored.map(found), state: store.health().state }))
  await store.close()
  await backend.close()
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
    const answers = {
      all: [['ok'], ['ok'], ['ok', 'a', 'b']],
      stored: [
        ['ok', 'undefined'],
        ['ok', '17'],
        ['ok', '2'],
        ['ok', '5'],
      ],
      state: 'connected',
    }
    expect(await run({ INDELIBLE_NATIVE_PATH: await loopAddon() })).toEqual(answers)
  },
  LIMIT_MS,
)

it('the addon that is shipped has no loop engine', async () => {
  const failed = ['ERR_STORE_UNAVAILABLE']
  const answers = { all: [failed, failed, failed], stored: [failed, failed, failed, failed], state: 'idle' }
  expect(await run({})).toEqual(answers)
})
