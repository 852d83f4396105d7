/**
 * The label store on its own: `node --import tsx examples/labels.ts` keeps labels in memory, with an endpoint such as
 * `redis://127.0.0.1:6379` as the argument it keeps them in a server that a fleet can share.
 */
import { randomUUID } from 'node:crypto'

import { openSessionStore } from 'indelible'

const [, , endpoint] = process.argv
await using store = await openSessionStore(
  endpoint === undefined ? { kind: 'memory' } : { kind: 'valkey', endpoint, ttlSeconds: 3_600 },
)
const session = randomUUID()

const appended = await store.appendLabels(session, ['customer-data'])
if (!appended.ok) throw appended.error // not stored: what earned the label must not be released

const loaded = await store.loadLabels(session)
if (!loaded.ok) throw loaded.error // not known: deny
console.log([...loaded.labels].join(), loaded.labels.has('customer-data') ? 'deny' : 'allow')
