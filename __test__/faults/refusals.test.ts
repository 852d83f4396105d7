// Servers that answer and refuse, at each moment of an operation.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { until } from '../support/topologies/until.js'
import { always, maybe, refused, sent, stored } from './support/ends.js'
import { FULL, LATE, LOST, MISCONF, NOT_CONNECTED, NO_REPLICAS, READONLY } from './support/failures.js'
import { type Fault, faultTests } from './support/matrix.js'
import { IN_FULL, OVER_TLS, UNDER_TLS_TOO } from './support/variant.js'

const setting =
  (name: string, value: string): Fault['heal'] =>
  ({ admin }) =>
    admin.send('CONFIG', 'SET', name, value)

const FAULTS: readonly Fault[] = [
  {
    name: 'made a replica',
    strike: ({ admin }) => admin.send('REPLICAOF', '127.0.0.1', '1'),
    heal: ({ admin }) => admin.send('REPLICAOF', 'NO', 'ONE'),
    ends: {
      load: always(READONLY),
      append: refused(READONLY),
      // Without a proof, an open connection goes on reading from what is a replica now; no new one is made to it.
      read: stored(always('ok', { 'before connect': READONLY, 'reply cut': READONLY })),
      grow: stored(refused(READONLY)),
      shrink: stored(refused(READONLY)),
      count: stored(always(READONLY, { 'reply cut': maybe(LOST) })),
    },
  },
  {
    name: 'without the replicas that it demands',
    strike: setting('min-replicas-to-write', '1'),
    heal: setting('min-replicas-to-write', '0'),
    ends: {
      load: always(NO_REPLICAS),
      append: refused(NO_REPLICAS),
      read: stored(always('ok')),
      grow: stored(refused(NO_REPLICAS)),
      shrink: stored(refused(NO_REPLICAS)),
      count: stored(always(NO_REPLICAS, { 'reply cut': maybe(LOST) })),
    },
  },
  {
    name: 'unable to save',
    options: { args: ['--save', '3600 1', '--stop-writes-on-bgsave-error', 'no'] },
    async prepare({ admin, server }) {
      await mkdir(join(server.dir, 'dump.rdb'))
      await admin.send('BGSAVE')
      await until('the save to have failed', async () =>
        String(await admin.send('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
      )
    },
    strike: setting('stop-writes-on-bgsave-error', 'yes'),
    heal: setting('stop-writes-on-bgsave-error', 'no'),
    ends: {
      load: always(MISCONF),
      append: refused(MISCONF),
      read: stored(always('ok')),
      grow: stored(refused(MISCONF)),
      shrink: stored(refused(MISCONF)),
      count: stored(always(MISCONF, { 'reply cut': maybe(LOST) })),
    },
  },
  {
    name: 'full',
    strike: setting('maxmemory', '1'),
    heal: setting('maxmemory', '0'),
    ends: {
      load: always('ok'),
      append: refused(FULL, { 'read done, proof not': 'ok' }),
      read: stored(always('ok')),
      grow: stored(refused(FULL)),
      shrink: stored(always('ok')),
      count: stored(always(FULL, { 'reply cut': maybe(LOST) })),
    },
  },
  {
    name: 'pausing writes',
    timesOut: true,
    strike: ({ admin }) => admin.send('CLIENT', 'PAUSE', '60000', 'WRITE'),
    heal: ({ admin }) => admin.send('CLIENT', 'UNPAUSE'),
    ends: {
      // A label store writes when it connects too: the proof of its first look at the generation.
      load: always(LATE, { 'before connect': NOT_CONNECTED }),
      append: sent(LATE, { 'before connect': NOT_CONNECTED }),
      // The reads stand behind a write of their pipeline.
      read: stored(always(LATE)),
      grow: stored(always(maybe(LATE))),
      shrink: stored(always(maybe(LATE))),
      count: stored(always(maybe(LATE), { 'reply cut': maybe(LOST) })),
    },
  },
]

faultTests(FAULTS, IN_FULL)
faultTests(FAULTS.slice(0, UNDER_TLS_TOO), OVER_TLS)
