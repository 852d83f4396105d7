// The contracts under the user that the documents describe, over TLS and without, and over TLS with every right.

import { sessionStoreContract } from 'indelible/testing'
import { policyCacheContract, rateLimitCounterContract, sessionRecordContract } from 'indelible/testing'
import { type RedisBackend } from 'indelible/storage'
import { afterAll, beforeAll, describe, test } from 'vitest'

import {
  type Purpose,
  OVER_TLS,
  type User,
  type Variant,
  authority,
  identity,
  nameOf,
  newUser,
} from '../faults/support/variant.js'
import { openBackend } from '../storage/support/storage.js'
import { ownServer } from '../support/servers.js'
import { openStore } from './support/store.js'
import { TlsFront } from './support/tls-front.js'

const VARIANTS: readonly Variant[] = [{ tls: false, acl: true }, ...OVER_TLS]

interface Access {
  readonly url: string
  readonly login: Readonly<Record<string, unknown>>
}

/** Registers hooks that start a server with that user, behind TLS if the variant says so. */
function accessFor(purpose: Purpose, variant: Variant): () => Access {
  const { username, password, line }: User = newUser(purpose, variant)
  const server = ownServer({ file: [line] })
  let front: TlsFront | undefined
  beforeAll(async () => {
    if (variant.tls) front = await TlsFront.open(server().port, identity)
  })
  afterAll(async () => front?.[Symbol.asyncDispose]())
  return () => {
    if (front === undefined) return { url: server().url, login: { username, password } }
    return { url: front.url, login: { username, password, tls: { ca: authority.cert } } }
  }
}

describe.each(VARIANTS.map((variant) => [nameOf(variant), variant] as const))('%s', (_, variant) => {
  describe.each([{}, { ttlSeconds: 600 }, { generation: 'off', ttlSeconds: 600 }])(
    'labels with %j',
    (settings) => {
      const access = accessFor('labels', variant)
      sessionStoreContract({ test, open: () => openStore(access(), { ...access().login, ...settings }) })
    },
  )

  describe('records, counters and policies', () => {
    const access = accessFor('storage', variant)
    const open = async (): Promise<RedisBackend> => openBackend(access(), access().login)
    sessionRecordContract({ test, open: async () => (await open()).sessions() })
    rateLimitCounterContract({ test, open: async () => (await open()).rateLimiter() })
    policyCacheContract({ test, open: async () => (await open()).policies() })
  })
})
