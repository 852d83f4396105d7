// How the store behaves as a guest in somebody's process.

import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { startServer } from '../../scripts/test-server.mjs'
import { FaultProxy } from '../support/fault-proxy.js'
import { connect } from '../support/resp.js'
import { ownServer } from '../support/servers.js'
import { run } from './support/program.js'
import { DEADLINE_MS, keyOf } from './support/store.js'

const server = ownServer()

/** How long a process with nothing left to do may take to end, in milliseconds. */
const EXIT_LIMIT_MS = 2_000

const PROLOGUE = `
  import { openSessionStore } from 'indelible'
  const [endpoint, session] = process.argv.slice(1)
  const store = await openSessionStore({ kind: 'valkey', endpoint })
`

test.each([
  ['an open store that was never used', ''],
  ['an idle open store', 'await store.loadLabels(session)'],
  ['a closed store', 'await store.loadLabels(session); await store.close()'],
  [
    'many idle stores',
    `for (let n = 0; n < 20; n++) {
      const another = await openSessionStore({ kind: 'valkey', endpoint })
      await another.appendLabels(session, ['PII'])
    }`,
  ],
])('%s lets the process end, and says nothing', async (_, act) => {
  const ended = await run(`${PROLOGUE}; ${act}; process.stdout.write('done')`, [server().url, randomUUID()])
  expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'done', stderr: '' })
  expect(ended.lingeredMs).toBeLessThan(EXIT_LIMIT_MS)
})

test('a pending operation keeps the process alive until it is settled', async () => {
  await using proxy = await FaultProxy.open(server().port)
  await proxy.inject({ kind: 'hang' })
  // Nothing else does: the module has come to its end by then.
  const source = `${PROLOGUE}
    store.loadLabels(session).then((load) => process.stdout.write(load.ok ? 'ok' : load.error.code))
    store.appendLabels(session, ['PII']).then((append) => process.stdout.write(append.ok ? 'ok' : append.error.code))
  `
  const ended = await run(source, [proxy.url, randomUUID()])
  expect(ended).toMatchObject({ code: 0, stdout: 'ERR_STORE_TIMEOUT'.repeat(2), stderr: '' })
  expect(ended.lingeredMs).toBeLessThan(EXIT_LIMIT_MS)
})

test('an append that nobody waits for is written before the process ends', async () => {
  const session = randomUUID()
  const ended = await run(`${PROLOGUE}; void store.appendLabels(session, ['PII'])`, [server().url, session])
  expect(ended).toMatchObject({ code: 0, stdout: '', stderr: '' })
  await using admin = await connect(server().port)
  expect(await admin.send('SMEMBERS', keyOf(session))).toEqual(['PII'])
})

test('close settles what is under way, by its deadline at the latest', async () => {
  await using own = await startServer()
  const source = `${PROLOGUE}
    await store.loadLabels(session)
    process.kill(Number(process.argv[3]), 'SIGSTOP')
    const settled = []
    const calls = [store.loadLabels(session), store.appendLabels(session, ['PII']), store.loadLabels([session, 'x'])]
    for (const call of calls) void call.then(({ error }) => settled.push(error.code))
    const start = performance.now()
    await Promise.all([store.close(), store.close(), store[Symbol.asyncDispose]()])
    process.stdout.write(JSON.stringify({ settled, elapsedMs: performance.now() - start }))
  `
  const { stdout, ...ended } = await run(source, [own.url, randomUUID(), String(own.pid)])
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  const { settled, elapsedMs } = JSON.parse(stdout) as { settled: string[]; elapsedMs: number }
  expect(settled).toEqual(Array.from({ length: 3 }, () => 'ERR_STORE_TIMEOUT'))
  expect(elapsedMs).toBeLessThan(DEADLINE_MS + 500)
})

test('worker threads open stores of their own, and may be terminated in the middle of an operation', async () => {
  const worker = `
    import { parentPort, workerData } from 'node:worker_threads'
    const { openSessionStore } = await import(workerData.indelible)
    const store = await openSessionStore({ kind: 'valkey', endpoint: workerData.endpoint })
    const append = await store.appendLabels(workerData.session, [workerData.label])
    if (!append.ok) throw append.error
    for (let told = false; ; told = true) {
      const loads = await Promise.all(Array.from({ length: 32 }, () => store.loadLabels(workerData.session)))
      const labels = loads.filter((load) => load.ok && load.labels.has(workerData.label))
      if (labels.length !== 32) throw new Error('a load is not what was appended')
      if (!told) parentPort.postMessage('loading')
    }
  `
  const source = `${PROLOGUE}
    import { once } from 'node:events'
    import { Worker } from 'node:worker_threads'
    const url = new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(worker)}))
    const indelible = import.meta.resolve('indelible')
    for (let round = 0; round < 2; round++) {
      await Promise.all(Array.from({ length: 5 }, async (_, n) => {
        const workerData = { indelible, endpoint, session, label: round + '-' + n }
        const thread = new Worker(url, { workerData })
        await once(thread, 'message') // rejects when the thread throws
        await thread.terminate()
      }))
    }
    const load = await store.loadLabels(session)
    process.stdout.write(load.ok ? [...load.labels].join() : load.error.code)
  `
  const ended = await run(source, [server().url, randomUUID()])
  const labels = [0, 1].flatMap((round) => [0, 1, 2, 3, 4].map((n) => `${round}-${n}`))
  expect(ended).toMatchObject({ code: 0, signal: null, stdout: labels.join(), stderr: '' })
})

test('a failing store causes no unhandled rejection and no uncaught exception', async () => {
  const source = `${PROLOGUE}
    for (const event of ['unhandledRejection', 'uncaughtException', 'warning']) {
      process.on(event, (reason) => process.stdout.write(event + ': ' + reason))
    }
    for (let n = 0; n < 20; n++) {
      void store.loadLabels(session)
      void store.appendLabels(session, ['PII'])
      void store.loadLabels('')
      void store.appendLabels(session, [''])
      void store.loadLabels(session, { signal: AbortSignal.timeout(1) })
    }
    await store.close()
    void store.loadLabels(session)
  `
  const ended = await run(source, ['redis://127.0.0.1:1', randomUUID()])
  expect(ended).toMatchObject({ code: 0, stdout: '', stderr: '' })
})
