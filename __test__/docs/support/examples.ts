// Runs the examples of a page of the documentation as they stand, but for the address of the server.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { expect } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Runs an example that must succeed and complain of nothing. @returns what it printed. */
export async function runExample(code: string, server: { readonly url: string }): Promise<string> {
  const program = withoutUsing(code).replaceAll('redis://127.0.0.1:6379', server.url)
  const child = spawn(process.execPath, ['--input-type=module'], { cwd: ROOT, timeout: 20_000 })
  child.stdin.end(program)
  const [[status], output, complaints] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ])
  expect({ status, complaints }).toEqual({ status: 0, complaints: '' })
  return output
}

/** Node.js 20 knows neither `using` nor `await using`; both are written out. */
function withoutUsing(code: string): string {
  const names = Array.from(code.matchAll(/^(?:await )?using (\w+)/gm), ([, name = '']) => name)
  const closing = names.map((name) => `await ${name}.close?.()`)
  return [code.replaceAll(/^(?:await )?using /gm, 'const '), ...closing].join('\n')
}
