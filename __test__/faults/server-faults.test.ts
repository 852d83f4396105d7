// Servers that die, freeze, refuse, forget or change their mind, at each moment of an operation.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'vitest'

import { type Fault, type Scene, always, faultTests, keyIn, maybe } from './support/matrix.js'

const LOST = { code: 'ERR_STORE_UNAVAILABLE', reason: 'connection-lost' }
const NOT_CONNECTED = { code: 'ERR_STORE_TIMEOUT', reason: 'connect' }
const LATE = { code: 'ERR_STORE_TIMEOUT', reason: 'command' }
const READONLY = { code: 'ERR_STORE_NOT_PRIMARY', reason: 'readonly' }
const NO_REPLICAS = { code: 'ERR_STORE_NOT_PRIMARY', reason: 'no-replicas' }
const MISCONF = { code: 'ERR_STORE_NOT_DURABLE', reason: 'misconf' }
const FULL = { code: 'ERR_STORE_OUT_OF_MEMORY' }
const FORBIDDEN = { code: 'ERR_STORE_ACCESS', reason: 'permission' }
const NOBODY = { code: 'ERR_STORE_ACCESS', reason: 'auth' }
const FOREIGN = { code: 'ERR_STORE_UNDECODABLE', reason: 'value' }
const FLUSHED = { code: 'ERR_STORE_KEYSPACE_LOST', reason: 'missing' }

/** The user that the store is in rows about access; its administrator is another. */
const USER = { username: 'app', password: 'pw' }
const USER_RULES = ['on', '>pw', '~*', '&*', '+@all']

const setting =
  (name: string, value: string): Fault['strike'] =>
  ({ admin }) =>
    admin.send('CONFIG', 'SET', name, value)

/** Resolves once the store knows that its connections are gone: what it then sends, it sends over a new one. */
const allClosed = async ({ store }: Scene): Promise<void> =>
  expect.poll(() => store.health().state, { interval: 2 }).not.toBe('connected')

const GENERATION_KEY = 'taint:v1:generation'
/** What a flush is healed with. */
let generation = ''

const FAULTS: readonly Fault[] = [
  {
    name: 'killed, and started again over its file',
    options: { config: { appendonly: 'yes', appendfsync: 'always' } },
    async strike(scene) {
      await scene.server.stop('SIGKILL')
      await allClosed(scene)
    },
    heal: ({ server }) => server.restart(),
    ends: { ...always(LOST, LOST, maybe(LOST)), 'request written': [LOST, maybe(LOST)] },
  },
  {
    name: 'frozen',
    strike: async ({ server }) => server.freeze(),
    heal: async ({ server }) => server.thaw(),
    ends: {
      ...always(NOT_CONNECTED, maybe(NOT_CONNECTED)),
      'before connect': [NOT_CONNECTED, NOT_CONNECTED],
    },
  },
  {
    name: 'made a replica',
    strike: ({ admin }) => admin.send('REPLICAOF', '127.0.0.1', '1'),
    heal: ({ admin }) => admin.send('REPLICAOF', 'NO', 'ONE'),
    ends: always(READONLY, READONLY, maybe(READONLY)),
  },
  {
    name: 'without the replicas that it demands',
    strike: setting('min-replicas-to-write', '1'),
    heal: setting('min-replicas-to-write', '0'),
    ends: { ...always(NO_REPLICAS, NO_REPLICAS, maybe(NO_REPLICAS)) },
  },
  {
    name: 'unable to save',
    options: { args: ['--save', '3600 1', '--stop-writes-on-bgsave-error', 'no'] },
    async prepare(admin, server) {
      await mkdir(join(server.dir, 'dump.rdb'))
      await admin.send('BGSAVE')
      const status = (): Promise<unknown> => admin.send('INFO', 'persistence')
      await expect.poll(status).toContain('rdb_last_bgsave_status:err')
    },
    strike: setting('stop-writes-on-bgsave-error', 'yes'),
    heal: setting('stop-writes-on-bgsave-error', 'no'),
    ends: always(MISCONF, MISCONF, maybe(MISCONF)),
  },
  {
    name: 'full',
    strike: setting('maxmemory', '1'),
    heal: setting('maxmemory', '0'),
    ends: { ...always('ok', FULL, maybe(FULL)), 'read done, proof not': ['ok', 'ok'] },
  },
  {
    name: 'pausing writes',
    strike: ({ admin }) => admin.send('CLIENT', 'PAUSE', '60000', 'WRITE'),
    heal: ({ admin }) => admin.send('CLIENT', 'UNPAUSE'),
    ends: { ...always(LATE, maybe(LATE)), 'before connect': [NOT_CONNECTED, NOT_CONNECTED] },
  },
  {
    name: 'closing every connection once',
    strike: ({ admin }) => admin.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
    heal: async () => undefined,
    ends: always('ok', 'ok'),
  },
  {
    name: 'taking no further connections',
    strike: setting('maxclients', '1'),
    heal: setting('maxclients', '100'),
    ends: {
      ...always('ok', 'ok'),
      'before connect': [LOST, LOST],
      'reply cut': [LOST, maybe(LOST)],
    },
  },
  {
    name: 'no longer permitting the commands',
    settings: USER,
    prepare: (admin) => admin.send('ACL', 'SETUSER', 'app', ...USER_RULES),
    strike: ({ admin }) => admin.send('ACL', 'SETUSER', 'app', '-smembers', '-sadd'),
    heal: ({ admin }) => admin.send('ACL', 'SETUSER', 'app', '+smembers', '+sadd'),
    ends: { ...always(FORBIDDEN, FORBIDDEN, maybe(FORBIDDEN)), 'read done, proof not': ['ok', 'ok'] },
  },
  {
    name: 'with another password',
    settings: USER,
    prepare: (admin) => admin.send('ACL', 'SETUSER', 'app', ...USER_RULES),
    strike: ({ admin }) => admin.send('ACL', 'SETUSER', 'app', 'resetpass', '>rotated'),
    heal: ({ admin }) => admin.send('ACL', 'SETUSER', 'app', 'resetpass', '>pw'),
    ends: {
      // Who is logged in stays logged in.
      ...always('ok', 'ok'),
      'before connect': [NOBODY, NOBODY],
      'reply cut': [NOBODY, maybe(NOBODY)],
    },
  },
  {
    name: 'without the user any more',
    settings: USER,
    prepare: (admin) => admin.send('ACL', 'SETUSER', 'app', ...USER_RULES),
    async strike(scene) {
      await scene.admin.send('ACL', 'DELUSER', 'app')
      await allClosed(scene)
    },
    heal: ({ admin }) => admin.send('ACL', 'SETUSER', 'app', ...USER_RULES),
    ends: { ...always(NOBODY, NOBODY, maybe(NOBODY)), 'request written': [NOBODY, maybe(NOBODY)] },
  },
  {
    name: 'holding something else under the key',
    async strike(scene) {
      await scene.admin.send('DEL', keyIn(scene))
      await scene.admin.send('SET', keyIn(scene), 'no set')
    },
    heal: (scene) => scene.admin.send('DEL', keyIn(scene)),
    ends: { ...always(FOREIGN, FOREIGN, maybe(FOREIGN)), 'read done, proof not': ['ok', 'ok'] },
    forgets: true,
  },
  {
    name: 'flushed',
    async strike({ admin }) {
      generation = String(await admin.send('GET', GENERATION_KEY))
      await admin.send('FLUSHALL')
    },
    heal: ({ admin }) => admin.send('SET', GENERATION_KEY, generation, 'NX'),
    ends: { ...always(FLUSHED, maybe(FLUSHED)), 'before connect': ['ok', 'ok'] },
    forgets: true,
  },
  {
    name: 'missing the key',
    strike: (scene) => scene.admin.send('DEL', keyIn(scene)),
    heal: async () => undefined,
    ends: always('ok', 'ok'),
    forgets: true,
  },
  {
    name: 'missing a label of several',
    async strike(scene) {
      await scene.admin.send('SADD', keyIn(scene), 'OTHER')
      await scene.admin.send('SREM', keyIn(scene), 'BEFORE')
    },
    heal: async () => undefined,
    ends: always('ok', 'ok'),
    forgets: true,
  },
  {
    name: 'with another database in its place',
    strike: ({ admin }) => admin.send('SWAPDB', '0', '1'),
    heal: ({ admin }) => admin.send('SWAPDB', '0', '1'),
    // A store that connects only afterwards takes it for its keyspace, and would miss it when it is swapped back.
    ends: { ...always(FLUSHED, maybe(FLUSHED)), 'before connect': undefined },
  },
]

for (const fault of FAULTS) faultTests(fault)
