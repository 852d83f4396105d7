// What the adapters are to tell of: one of everything, in a known number.

import { randomUUID } from 'node:crypto'

import { openSessionStore } from 'indelible'
import { RedisBackend } from 'indelible/storage'

import { connect } from '../../support/resp.js'
import { keyOf, labelsOf, openStore } from '../../valkey/support/store.js'

/** Labels that no metric may hold. */
export const CANARY = 'hunter2-canary'

/**
 * An append and two loads that are well, one load that the server refuses and one that finds nobody, an increment of
 * the storage driver, and a store whose labels end with the process, which alarms.
 */
export async function act(server: { readonly url: string; readonly port: number }): Promise<void> {
  const session = `${CANARY}-${randomUUID()}`
  const store = await openStore(server, { connections: 1 })
  await store.appendLabels(session, [CANARY])
  labelsOf(await store.loadLabels(session))
  labelsOf(await store.loadLabels(session))
  await using admin = await connect(server.port)
  await admin.send('SET', keyOf(`${session}-text`), 'no set')
  await store.loadLabels(`${session}-text`)
  await store.close()

  const nowhere = await openStore({ url: 'redis://127.0.0.1:1' }, { retry: { retries: 0 } })
  await nowhere.loadLabels(session)
  await nowhere.close()

  const backend = await RedisBackend.connect({ url: server.url, poolSize: 1 })
  await backend.rateLimiter().increment(session, 1n, 60)
  await backend.close()

  const memory = await openSessionStore(undefined)
  await memory.close()
}
