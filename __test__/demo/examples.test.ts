import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { describe, expect, it } from 'vitest'

import { ownServer } from '../support/servers.js'

const run = promisify(execFile)

describe('examples/labels.ts', () => {
  it('keeps labels in memory', async () => {
    expect(await output()).toBe('customer-data deny\n')
  })

  describe('with an endpoint', () => {
    const server = ownServer()

    it('keeps labels in the server', async () => {
      expect(await output(server().url)).toBe('customer-data deny\n')
    })
  })
})

async function output(...args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', 'examples/labels.ts', ...args])
  return stdout
}
