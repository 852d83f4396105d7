// Data that is lost or replaced behind the store's back, at each moment of an operation.

import { type Nothing, always, maybe, refused, stored } from './support/ends.js'
import { FLUSHED, FOREIGN, LOST } from './support/failures.js'
import { keyIn } from './support/labels.js'
import { type Fault, faultTests } from './support/matrix.js'
import { keysIn, replaceWithLists } from './support/records.js'
import { IN_FULL, OVER_TLS, UNDER_TLS_TOO } from './support/variant.js'

const GENERATION_KEY = 'taint:v1:generation'

/** What is absent is an answer for the storage driver: it keeps no generation and remembers no record. */
const ABSENCE: Nothing = { because: 'to the storage driver an absent record is an answer like any other' }
const ABSENT = {
  read: stored(always(ABSENCE)),
  grow: stored(always(ABSENCE)),
  shrink: stored(always(ABSENCE)),
  count: stored(always(ABSENCE)),
}

/** A store that connects only afterwards takes it for its keyspace, and would miss it when it is swapped back. */
const FIRST_SEEN: Nothing = {
  because: 'a database that is seen for the first time stands in no other’s place',
}

const FAULTS: readonly Fault[] = [
  {
    name: 'holding something else under the keys',
    strike: async (scene) => replaceWithLists(scene.admin, [keyIn(scene), ...keysIn(scene)]),
    heal: async (scene) => scene.admin.send('DEL', keyIn(scene), ...keysIn(scene)),
    forgets: true,
    ends: {
      load: always(FOREIGN, { 'read done, proof not': 'ok' }),
      append: refused(FOREIGN, { 'read done, proof not': 'ok' }),
      read: stored(always(FOREIGN)),
      grow: stored(always('ok')),
      shrink: stored(always('ok')),
      count: stored(always(FOREIGN, { 'reply cut': maybe(LOST) })),
    },
  },
  {
    name: 'flushed',
    async strike(scene) {
      scene.memo = String(await scene.admin.send('GET', GENERATION_KEY))
      await scene.admin.send('FLUSHALL')
    },
    heal: ({ admin, memo }) => admin.send('SET', GENERATION_KEY, memo, 'NX'),
    forgets: true,
    ends: {
      load: always(FLUSHED, { 'before connect': 'ok' }),
      append: always(maybe(FLUSHED), { 'before connect': 'ok' }),
      ...ABSENT,
    },
  },
  {
    name: 'missing the key',
    strike: (scene) => scene.admin.send('DEL', keyIn(scene)),
    heal: async () => undefined,
    forgets: true,
    ends: { load: always('ok'), append: always('ok'), ...ABSENT },
  },
  {
    name: 'missing a label of several',
    async strike(scene) {
      await scene.admin.send('SADD', keyIn(scene), 'OTHER')
      await scene.admin.send('SREM', keyIn(scene), 'BEFORE')
    },
    heal: async () => undefined,
    forgets: true,
    ends: { load: always('ok'), append: always('ok'), ...ABSENT },
  },
  {
    name: 'with another database in its place',
    strike: ({ admin }) => admin.send('SWAPDB', '0', '1'),
    heal: ({ admin }) => admin.send('SWAPDB', '0', '1'),
    ends: {
      load: always(FLUSHED, { 'before connect': FIRST_SEEN }),
      append: always(maybe(FLUSHED), { 'before connect': FIRST_SEEN }),
      ...ABSENT,
    },
  },
]

faultTests(FAULTS, IN_FULL)
faultTests(FAULTS.slice(0, UNDER_TLS_TOO), OVER_TLS)
