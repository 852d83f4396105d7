// Terminates worker threads in the middle of their operations: run by `workers.test.ts` on several versions of Node.js.

import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'

import { openSessionStore } from 'indelible'

/** @param {string} endpoint */
async function work(endpoint) {
  const store = await openSessionStore({ kind: 'valkey', endpoint })
  const call = async (/** @type {number} */ caller) => {
    for (let n = 0; ; n++) {
      await store.appendLabels(`session-${caller}`, [`label-${n % 9}`])
      const load = await store.loadLabels([`session-${caller}`, `session-${n % 50}`])
      if (load.ok && n === 3) parentPort?.postMessage('working') // oxlint-disable-line unicorn/require-post-message-target-origin -- no window
    }
  }
  await Promise.all(Array.from({ length: 32 }, (_, caller) => call(caller)))
}

/**
 * @param {string} endpoint
 * @param {number} count
 */
async function terminateMany(endpoint, count) {
  for (let n = 0; n < count; n += 4) {
    const few = Array.from(
      { length: Math.min(4, count - n) },
      () => new Worker(fileURLToPath(import.meta.url), { workerData: endpoint }),
    )
    await Promise.all(
      few.map(async (worker) => {
        await once(worker, 'message')
        await new Promise((resolve) => void setTimeout(resolve, Math.random() * 10))
        await worker.terminate()
      }),
    )
  }
  // The process is as good as before.
  const store = await openSessionStore({ kind: 'valkey', endpoint })
  const load = await store.loadLabels('session-0')
  await store.close()
  if (!load.ok) throw load.error
  process.stdout.write(`terminated ${count} on ${process.versions.node}`)
}

if (isMainThread) {
  const [endpoint = '', count = '0'] = process.argv.slice(2)
  await terminateMany(endpoint, Number(count))
} else {
  await work(workerData)
}
