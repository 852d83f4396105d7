// The contracts of the three stores, kept in memory and on a server.

import { MemoryPolicyStore, MemoryRateLimitCounter, MemorySessionStore } from 'indelible/storage'
import { policyCacheContract, rateLimitCounterContract, sessionRecordContract } from 'indelible/testing'
import { describe, test } from 'vitest'

import { ownServer } from '../support/servers.js'
import { openBackend } from './support/storage.js'

describe('in memory', () => {
  sessionRecordContract({ test, open: () => new MemorySessionStore() })
  rateLimitCounterContract({ test, open: () => new MemoryRateLimitCounter() })
  policyCacheContract({ test, open: () => new MemoryPolicyStore() })
})

describe.each([{}, { poolSize: 1 }, { trackPolicies: true }])('on a server, with %j', (config) => {
  const server = ownServer()
  sessionRecordContract({ test, open: async () => (await openBackend(server(), config)).sessions() })
  rateLimitCounterContract({ test, open: async () => (await openBackend(server(), config)).rateLimiter() })
  policyCacheContract({ test, open: async () => (await openBackend(server(), config)).policies() })
})
