// What an open backend does to the process that holds it: nothing.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { FaultProxy } from '../support/fault-proxy.js'
import { ownServer } from '../support/servers.js'

const server = ownServer()

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

async function run(program: string): Promise<{ status: unknown; output: string; complaints: string }> {
  const child = spawn(process.execPath, ['--input-type=module'], { cwd: ROOT, timeout: 20_000 })
  child.stdin.end(program)
  const [[status], output, complaints] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ])
  return { status, output, complaints }
}

test('an open idle backend that tracks policies does not keep the process alive', async () => {
  const program = `
    import { ReadThroughPolicyStore, RedisBackend } from 'indelible/storage'
    const backend = await RedisBackend.connect({ url: '${server().url}', trackPolicies: true })
    const store = new ReadThroughPolicyStore(backend.policies(), { load: () => null })
    const result = await store.getPolicy('0'.repeat(32))
    process.stdout.write(JSON.stringify(result))`
  expect(await run(program)).toEqual({ status: 0, output: '{"ok":true,"value":null}', complaints: '' })
})

test('an operation under way does: it is answered before the process ends', async () => {
  await using proxy = await FaultProxy.open(server().port)
  await proxy.inject({ kind: 'hang' })
  const program = `
    import { RedisBackend } from 'indelible/storage'
    const backend = await RedisBackend.connect({ url: '${proxy.url}' })
    backend.rateLimiter().current('k').then(({ ok }) => process.stdout.write(String(ok)))`
  expect(await run(program)).toEqual({ status: 0, output: 'false', complaints: '' })
})
