// Every example of docs/storage.md runs as it stands, but for the address of the server.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { ownServer } from '../support/servers.js'

const server = ownServer()

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PAGE = readFileSync(new URL('../../docs/storage.md', import.meta.url), 'utf8')
const EXAMPLES = Array.from(PAGE.matchAll(/^```js\n(.*?)^```$/gms), ([, code = '']) => code)

/** Node.js 20 knows neither `using` nor `await using`; both are written out. */
function withoutUsing(code: string): string {
  const names = Array.from(code.matchAll(/^(?:await )?using (\w+)/gm), ([, name = '']) => name)
  const closing = names.map((name) => `await ${name}.close?.()`)
  return [code.replaceAll(/^(?:await )?using /gm, 'const '), ...closing].join('\n')
}

test('there is an example for everything', () => {
  expect(EXAMPLES).toHaveLength(6)
})

test.each(EXAMPLES.map((code) => [code.split('\n')[0], code] as const))('%s', async (_, code) => {
  const program = withoutUsing(code).replaceAll('redis://127.0.0.1:6379', server().url)
  const child = spawn(process.execPath, ['--input-type=module'], { cwd: ROOT, timeout: 20_000 })
  child.stdin.end(program)
  const [[status], output, complaints] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ])
  expect({ status, complaints }).toEqual({ status: 0, complaints: '' })
  expect(output).not.toMatch(/store-failed|ERR_/)
})
