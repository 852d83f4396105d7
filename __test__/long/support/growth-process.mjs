// Works a store for a long time and prints what it costs: run by `growth.test.ts`, with the garbage collector exposed.

import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'

import { openSessionStore } from 'indelible'

const [endpoint = '', work = '', total = '0'] = process.argv.slice(2)
const config = { kind: 'valkey', endpoint, ratchet: { maxSessions: 1_000 } }
/** Callers at once. */
const CALLERS = 256
/** Sessions and label sets that come again and again: what is remembered of them is bounded. */
const SESSIONS = 500

/** @param {number} count */
async function operations(count) {
  const store = await openSessionStore(config)
  let next = 0
  const call = async () => {
    while (next < count) {
      const n = next++
      const session = `session-${n % SESSIONS}`
      const result =
        n % 4 === 0 ? await store.appendLabels(session, [`label-${n % 7}`]) : await store.loadLabels(session)
      if (!result.ok) throw result.error
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, call))
  await store.close()
}

/** @param {number} count */
async function cycles(count) {
  for (let n = 0; n < count; n++) {
    const store = await openSessionStore(config)
    const result = await store.loadLabels(`session-${n % SESSIONS}`)
    await store.close()
    if (!result.ok) throw result.error
  }
}

/** Ways to fail a client: by closing at once, in the first answer, and with an answer that is none. */
const FAILURES = [
  (/** @type {import('node:net').Socket} */ socket) => socket.destroy(),
  (/** @type {import('node:net').Socket} */ socket) => socket.end('$100\r\nhalf of it'),
  (/** @type {import('node:net').Socket} */ socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
]

/**
 * Operations of an outage: none of them succeeds.
 * @param {number} count
 */
async function failures(count) {
  let accepted = 0
  const server = createServer((socket) => {
    socket.on('error', () => undefined).resume() // unread, its end would not be seen
    FAILURES[accepted++ % FAILURES.length]?.(socket)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it listens on a port')
  const outage = { endpoint: `127.0.0.1:${address.port}`, breaker: { failures: 50, openMs: 1 } }
  const store = await openSessionStore({ ...config, ...outage })
  let next = 0
  const call = async () => {
    while (next < count) {
      const n = next++
      const session = `session-${n % SESSIONS}`
      const result =
        n % 4 === 0 ? await store.appendLabels(session, ['label']) : await store.loadLabels(session)
      if (result.ok) throw new Error('nothing can be ok in an outage')
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, call))
  await store.close()
  await new Promise((resolve) => server.close(resolve))
}

/** How long a closed store's thread and connections may take to go, in milliseconds. */
const SETTLE_MS = 10_000

/** What the process holds now. */
function holdings() {
  for (let round = 0; round < 3; round++) globalThis.gc?.()
  return {
    rss: process.memoryUsage.rss(),
    threads: readdirSync('/proc/self/task').length,
    files: readdirSync('/proc/self/fd').length,
    resources: process.getActiveResourcesInfo().filter((name) => name !== 'Timeout').length,
  }
}

/**
 * What the process holds once nothing is under way: a closed store's thread ends by itself.
 * @param {{ threads: number, files: number, resources: number }} most   what it held before
 */
async function settled(most) {
  const deadline = performance.now() + SETTLE_MS
  for (;;) {
    await new Promise((resolve) => void setTimeout(resolve, 50))
    const { rss, ...rest } = holdings()
    const isAtRest =
      rest.threads <= most.threads && rest.files <= most.files && rest.resources <= most.resources
    if (isAtRest || performance.now() > deadline) return { rss, ...rest }
  }
}

const run = { cycles, failures, operations }[work]
if (run === undefined) throw new Error(`no such work: ${work}`)
const { threads } = holdings()
await run(Math.min(100, Number(total) / 100)) // whatever is loaded once
const before = await settled({ threads, files: Infinity, resources: Infinity })
await run(Number(total) / 10)
const early = await settled(before)
await run((Number(total) * 9) / 10)
const late = await settled(before)
process.stdout.write(JSON.stringify({ before, early, late }))
