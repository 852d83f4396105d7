// The contract of every session store, kept by this one in each of its modes.

import { randomUUID } from 'node:crypto'

import { sessionStoreContract } from 'indelible/testing'
import { describe, expect, test } from 'vitest'

import { ownServer } from '../support/servers.js'
import { openStore } from './support/store.js'

const MODES = [
  {},
  { ttlSeconds: 600 },
  { generation: 'off' },
  { generation: 'off', ttlSeconds: 600 },
  { connections: 1, keyPrefix: 'app:' },
  { database: 3 },
]

describe.each(MODES)('with %j', (settings) => {
  const server = ownServer()
  sessionStoreContract({ test, open: () => openStore(server(), settings) })
})

/** A server of the user's, whose keys are not ours to touch: everything happens under a random prefix. */
const urls = [process.env['VALKEY_URL']].filter((url) => url !== undefined)

describe.each(urls)('on the server that VALKEY_URL names', (url) => {
  const keyPrefix = `indelible-test:${randomUUID()}`
  sessionStoreContract({ test, open: () => openStore({ url }, { keyPrefix, ttlSeconds: 600 }) })
})

test('a store of kind valkey says so', async () => {
  await using store = await openStore({ url: 'redis://127.0.0.1:6379' })
  expect(store.kind).toBe('valkey')
})
