// A store in a process of its own, driven by messages: a build of the addon is chosen by the environment of the
// process, and switches are read once in its life. Run by `remote-store.ts`.

import { subscribe } from 'node:diagnostics_channel'
import { createRequire } from 'node:module'

import { openSessionStore } from 'indelible'
import { sessionStoreContract } from 'indelible/testing'

/** @type {import('indelible').SessionStore | undefined} */
let store
/** @type {unknown[]} */
const alarms = []
subscribe('indelible:alarm', (alarm) => alarms.push(alarm))

/**
 * What of a result or an error can travel to another process.
 * @param {import('indelible').LoadResult | import('indelible').AppendResult} result
 */
function told(result) {
  if (!result.ok) return { ok: false, error: result.error.toJSON() }
  return 'labels' in result ? { ok: true, labels: [...result.labels] } : { ok: true }
}

function opened() {
  if (store === undefined) throw new Error('open the store first')
  return store
}

/** @type {Readonly<Record<string, (...args: any[]) => unknown>>} */ // oxlint-disable-line typescript/no-explicit-any -- messages
const ACTIONS = {
  async open(/** @type {unknown} */ config) {
    store = await openSessionStore(config)
  },
  load: async (/** @type {string | string[]} */ session) => told(await opened().loadLabels(session)),
  append: async (/** @type {string | string[]} */ session, /** @type {string[]} */ labels) =>
    told(await opened().appendLabels(session, labels)),
  /** Appends to every session in one turn, so that all of it travels together. */
  appendAll: async (/** @type {string[]} */ sessions, /** @type {string[]} */ labels) =>
    (await Promise.all(sessions.map((session) => opened().appendLabels(session, labels)))).map(told),
  alarms: () => alarms,
  close: () => store?.close(),
  /** Whether the addon of this process has test switches. */
  switches: () => createRequire(import.meta.url)(process.env['INDELIBLE_NATIVE_PATH'] ?? '').testSwitches(),
  /** Runs the contract of every session store in this process, and answers which tests failed. */
  async contract(/** @type {unknown} */ config) {
    /** @type {{ name: string, run: () => Promise<void> }[]} */
    const tests = []
    sessionStoreContract({
      test: (name, run) => tests.push({ name, run }),
      open: () => openSessionStore(config),
    })
    /** @type {string[]} */
    const failed = []
    for (const { name, run } of tests) await run().catch((error) => failed.push(`${name}: ${error}`))
    return { count: tests.length, failed }
  },
}

/** @param {{ id: number, action: string, args: unknown[] }} message */
async function answer({ id, action, args }) {
  try {
    const value = await ACTIONS[action]?.(...args)
    process.send?.({ id, value })
  } catch (error) {
    const { name, message, code } = /** @type {Error & { code?: string }} */ (error)
    process.send?.({ id, error: { name, message, code } })
  }
}

process.on('message', (/** @type {any} */ message) => void answer(message)) // oxlint-disable-line typescript/no-explicit-any -- it came from another process
process.on('disconnect', () => process.exit())
