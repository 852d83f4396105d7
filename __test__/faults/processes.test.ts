// Servers that die, freeze, and come up again, at each moment of an operation.

import { type RespClient, connect } from '../support/resp.js'
import { until } from '../support/topologies/until.js'
import { always, gone, maybe, refused, sent, stored } from './support/ends.js'
import { LATE, LOADING, LOST, NOT_CONNECTED } from './support/failures.js'
import { type Fault, faultTests } from './support/matrix.js'
import type { Scene } from './support/scene.js'
import { disconnected } from './support/subject.js'
import { IN_FULL, OVER_TLS, UNDER_TLS_TOO } from './support/variant.js'

/** The connections on which servers are told to load their data again, which answer when it is done. */
const loaders = new WeakMap<Scene, { readonly by: RespClient; done?: Promise<unknown> }>()

const FAULTS: readonly Fault[] = [
  {
    name: 'killed, and started again over its file',
    options: { config: { appendonly: 'yes', appendfsync: 'always' } },
    silences: true,
    async strike({ server }, subject) {
      await server.stop('SIGKILL')
      await disconnected(subject)
    },
    heal: ({ server }) => server.restart(),
    ends: {
      load: always(LOST),
      append: gone(LOST),
      read: stored(always(LOST)),
      grow: stored(gone(LOST)),
      shrink: stored(gone(LOST)),
      count: stored(gone(LOST)),
    },
  },
  {
    name: 'frozen',
    silences: true,
    timesOut: true,
    strike: async ({ server }) => server.freeze(),
    heal: async ({ server }) => server.thaw(),
    ends: {
      load: always(NOT_CONNECTED),
      append: sent(NOT_CONNECTED),
      read: stored(always(NOT_CONNECTED)),
      grow: stored(sent(NOT_CONNECTED)),
      shrink: stored(sent(NOT_CONNECTED)),
      count: stored(sent(LATE, { 'before connect': NOT_CONNECTED, 'reply cut': maybe(LOST) })),
    },
  },
  {
    name: 'loading its data',
    options: {
      // It looks up from its file after every kibibyte, so after every key.
      config: { rdbcompression: 'no', 'loading-process-events-interval-bytes': 1_024 },
      args: ['--enable-debug-command', 'local'],
    },
    async prepare(scene) {
      const fillers = Array.from({ length: 2_000 }, (_, n) => `filler:${n}`)
      await Promise.all(fillers.map(async (key) => scene.admin.send('SET', key, 'x'.repeat(1_024))))
      loaders.set(scene, { by: await connect(scene.server.port) })
    },
    async strike(scene) {
      const { admin } = scene
      await admin.send('CONFIG', 'SET', 'key-load-delay', '10000') // microseconds, for each key
      const loader = loaders.get(scene)
      if (loader === undefined) throw new Error('the row has prepared nothing')
      loader.done = loader.by.send('DEBUG', 'RELOAD')
      loader.done.catch(() => undefined) // it ends with its server, if the cell does not get as far as healing it
      await until('it to be loading', async () =>
        String(await admin.send('INFO', 'persistence')).includes('\nloading:1'),
      )
    },
    async heal(scene) {
      await scene.admin.send('CONFIG', 'SET', 'key-load-delay', '0')
      await loaders.get(scene)?.done
      await loaders.get(scene)?.by.close()
    },
    ends: {
      load: always(LOADING),
      append: refused(LOADING),
      read: stored(always(LOADING)),
      grow: stored(refused(LOADING)),
      shrink: stored(refused(LOADING)),
      count: stored(always(LOADING, { 'reply cut': maybe(LOST) })),
    },
  },
]

faultTests(FAULTS, IN_FULL)
faultTests(FAULTS.slice(0, UNDER_TLS_TOO), OVER_TLS)
