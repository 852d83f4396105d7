// Connections that the server closes or does not take, and users whose rights change, at each moment of an operation.

import { always, gone, maybe, refused, sent, stored } from './support/ends.js'
import { FORBIDDEN, LOST, NOBODY } from './support/failures.js'
import { type Fault, faultTests } from './support/matrix.js'
import { disconnected } from './support/subject.js'
import { IN_FULL, OVER_TLS, UNDER_TLS_TOO } from './support/variant.js'

const CONNECTIONS: readonly Fault[] = [
  {
    name: 'closing every connection once',
    async strike({ admin }, subject) {
      await admin.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await disconnected(subject)
    },
    heal: async () => undefined,
    ends: {
      load: always('ok'),
      append: always('ok'),
      read: stored(always('ok')),
      grow: stored(always('ok')),
      shrink: stored(always('ok')),
      count: stored(sent(LOST, { 'before connect': 'ok', idle: 'ok' })),
    },
  },
  {
    name: 'taking no further connections',
    strike: ({ admin }) => admin.send('CONFIG', 'SET', 'maxclients', '1'),
    heal: ({ admin }) => admin.send('CONFIG', 'SET', 'maxclients', '100'),
    ends: {
      load: always('ok', { 'before connect': LOST, 'reply cut': LOST }),
      append: always('ok', { 'before connect': LOST, 'reply cut': maybe(LOST) }),
      read: stored(always('ok', { 'before connect': LOST, 'reply cut': LOST })),
      grow: stored(always('ok', { 'before connect': LOST, 'reply cut': maybe(LOST) })),
      shrink: stored(always('ok', { 'before connect': LOST, 'reply cut': maybe(LOST) })),
      count: stored(always('ok', { 'before connect': LOST, 'reply cut': maybe(LOST) })),
    },
  },
]

/** Every command that reads or writes data. */
const COMMANDS = ['smembers', 'sadd', 'hset', 'hmget', 'del', 'get', 'set', 'incrby']

const ACCESS: readonly Fault[] = [
  {
    name: 'no longer permitting the commands',
    strike: (scene) => scene.setUser(...COMMANDS.map((command) => `-${command}`)),
    heal: (scene) => scene.restoreUser(),
    ends: {
      load: always(FORBIDDEN, { 'read done, proof not': 'ok' }),
      append: refused(FORBIDDEN, { 'read done, proof not': 'ok' }),
      read: stored(always(FORBIDDEN)),
      grow: stored(refused(FORBIDDEN)),
      shrink: stored(refused(FORBIDDEN)),
      count: stored(always(FORBIDDEN, { 'reply cut': maybe(LOST) })),
    },
  },
  {
    name: 'without the user any more',
    async strike({ admin, user }, subject) {
      await admin.send('ACL', 'DELUSER', user.username)
      await disconnected(subject)
    },
    heal: (scene) => scene.restoreUser(),
    ends: {
      load: always(NOBODY),
      append: gone(NOBODY),
      read: stored(always(NOBODY)),
      grow: stored(gone(NOBODY)),
      shrink: stored(gone(NOBODY)),
      count: stored(gone(LOST, { 'before connect': NOBODY, idle: NOBODY })),
    },
  },
  {
    name: 'with another password',
    strike: (scene) => scene.setUser('resetpass', '>rotated'),
    heal: (scene) => scene.restoreUser(),
    ends: {
      // Who is logged in stays logged in.
      load: always('ok', { 'before connect': NOBODY, 'reply cut': NOBODY }),
      append: always('ok', { 'before connect': NOBODY, 'reply cut': maybe(NOBODY) }),
      read: stored(always('ok', { 'before connect': NOBODY, 'reply cut': NOBODY })),
      grow: stored(always('ok', { 'before connect': NOBODY, 'reply cut': maybe(NOBODY) })),
      shrink: stored(always('ok', { 'before connect': NOBODY, 'reply cut': maybe(NOBODY) })),
      count: stored(always('ok', { 'before connect': NOBODY, 'reply cut': maybe(LOST) })),
    },
  },
]

for (const faults of [CONNECTIONS, ACCESS]) {
  faultTests(faults, IN_FULL)
  faultTests(faults.slice(0, UNDER_TLS_TOO), OVER_TLS)
}
