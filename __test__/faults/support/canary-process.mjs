// Uses a store as a host might, and prints all that it gets to see of failures: run by `canary.test.ts`.

import { subscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'

import { ValkeySessionStore, openSessionStore } from 'indelible'

const { config, session, label } = JSON.parse(process.env['CANARY'] ?? '')

/** @param {unknown} value */
function tell(value) {
  const seen = [inspect(value, { depth: 10, showHidden: true }), String(value), JSON.stringify(value)]
  if (value instanceof Error) seen.push(value.stack ?? '', inspect(value.cause))
  process.stdout.write(`${seen.join('\n')}\n`)
}

for (const channel of ['operation', 'alarm', 'state']) subscribe(`indelible:${channel}`, tell)
process.on('unhandledRejection', tell)

const store = await ValkeySessionStore.open(config)
for (let round = 0; round < 3; round++) {
  const [load, append] = await Promise.all([
    store.loadLabels([session, `${session}-principal`]),
    store.appendLabels(session, [label]),
  ])
  for (const result of [load, append]) if (!result.ok) tell(result.error)
  if (load.ok) tell(inspect(load)) // a label set that is logged tells how many it holds
}
tell(store)
tell(store.health())
for (const wrong of [
  store.loadLabels(`${session}\ud800`),
  store.loadLabels(/** @type {any} */ ({ [session]: label })),
  store.appendLabels(session, [`${label}\ud800`]),
  store.appendLabels(session, [label.repeat(20)]),
]) {
  const result = await wrong
  if (!result.ok) tell(result.error)
}
const signal = AbortSignal.abort()
const aborted = await store.appendLabels(session, [label], { signal })
if (!aborted.ok) tell(aborted.error)
await store.close()
const closed = await store.loadLabels(session)
if (!closed.ok) tell(closed.error)
for (const wrong of [
  { ...config, endpoint: `redis://app:${config.password}@example.org` },
  { ...config, endpoint: `redis://app:${config.password}@127.0.0.1:99999` },
  { ...config, tls: config.password },
  { ...config, passwordFile: `/nowhere/${config.password}` },
  { ...config, ttlSeconds: config.password },
  { ...config, connections: { [config.password]: 1 } },
]) {
  await openSessionStore(wrong).then((opened) => opened.close(), tell)
}
process.stdout.write('DONE\n')
