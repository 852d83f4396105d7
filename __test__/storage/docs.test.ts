// Every example of docs/storage.md runs as it stands, but for the address of the server.

import { expect, test } from 'vitest'

import { runExample } from '../docs/support/examples.js'
import { blocks, page } from '../docs/support/page.js'
import { ownServer } from '../support/servers.js'

const server = ownServer()

const examples = blocks(await page('docs/storage.md'), 'js')

test('there is an example for everything', () => {
  expect(examples).toHaveLength(6)
})

test.each(examples.map((code) => [code.split('\n')[0], code] as const))('%s', async (_, code) => {
  expect(await runExample(code, server())).not.toMatch(/store-failed|ERR_/)
})
