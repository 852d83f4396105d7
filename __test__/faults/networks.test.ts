// Networks that refuse, swallow, delay and cut, at each moment of an operation.

import { type Fault as NetworkFault } from '../support/fault-proxy.js'
import { type Ends, type Nothing, always, gone, maybe, sent, stored } from './support/ends.js'
import { LATE, LOST, NOT_CONNECTED, REFUSED } from './support/failures.js'
import { type Fault, faultTests } from './support/matrix.js'
import { disconnected } from './support/subject.js'
import { IN_FULL, OVER_TLS, UNDER_TLS_TOO } from './support/variant.js'

const inject =
  (fault: NetworkFault): Fault['strike'] =>
  ({ proxy }) =>
    proxy.inject(fault)
/** Resolves once the store has seen its connections end. */
const injectAndTell =
  (fault: NetworkFault): Fault['strike'] =>
  async ({ proxy }, subject) => {
    await proxy.inject(fault)
    await disconnected(subject)
  }
const heal: Fault['heal'] = ({ proxy }) => proxy.heal()

/** What columns have in common where a connection is silent and no new one comes about. */
function silent(): Fault['ends'] {
  return {
    load: always(NOT_CONNECTED),
    append: sent(NOT_CONNECTED),
    read: stored(always(NOT_CONNECTED)),
    grow: stored(sent(NOT_CONNECTED)),
    shrink: stored(sent(NOT_CONNECTED)),
    // The first attempt is the only one.
    count: stored(sent(LATE, { 'before connect': NOT_CONNECTED, 'reply cut': maybe(LOST) })),
  }
}

/** The same where requests that have passed are answered all the same. */
const PASSED: Partial<Ends> = { 'request written': 'ok', 'read done, proof not': 'ok' }

const NOTHING_OPEN: Nothing = { because: 'no connection is there yet that could be dead' }
const HALF_OPEN = always('ok', { 'before connect': NOTHING_OPEN })

const FAULTS: readonly Fault[] = [
  {
    name: 'that nobody listens for, whose connections end',
    strike: injectAndTell({ kind: 'refuse' }),
    heal,
    ends: {
      load: always(REFUSED),
      append: gone(REFUSED),
      read: stored(always(REFUSED)),
      grow: stored(gone(REFUSED)),
      shrink: stored(gone(REFUSED)),
      count: stored(gone(LOST, { 'before connect': REFUSED, idle: REFUSED })),
    },
  },
  {
    name: 'whose packets vanish, those of replies',
    timesOut: true,
    strike: inject({ kind: 'blackHole', direction: 'toClient' }),
    heal,
    ends: silent(),
  },
  {
    name: 'whose packets vanish, those of requests',
    timesOut: true,
    strike: inject({ kind: 'blackHole', direction: 'toServer' }),
    heal,
    ends: {
      load: always(NOT_CONNECTED, PASSED),
      append: sent(NOT_CONNECTED, PASSED),
      read: stored(always(NOT_CONNECTED, PASSED)),
      grow: stored(sent(NOT_CONNECTED, PASSED)),
      shrink: stored(sent(NOT_CONNECTED, PASSED)),
      count: stored(sent(LATE, { ...PASSED, 'before connect': NOT_CONNECTED, 'reply cut': maybe(LOST) })),
    },
  },
  {
    name: 'that is gone with its host: no packet comes back, not even to a SYN',
    timesOut: true,
    router: true,
    strike: async ({ router }) => router?.vanish(),
    heal: async ({ router }) => router?.comeBack(),
    ends: {
      ...silent(),
      // That the reply was cut cannot be seen either.
      count: stored(sent(LATE, { 'before connect': NOT_CONNECTED })),
    },
  },
  {
    name: 'whose open connections are dead without a word',
    timesOut: true,
    strike: inject({ kind: 'halfOpen' }),
    heal,
    ends: {
      load: HALF_OPEN,
      append: HALF_OPEN,
      read: stored(HALF_OPEN),
      grow: stored(HALF_OPEN),
      shrink: stored(HALF_OPEN),
      count: stored(sent(LATE, { 'before connect': NOTHING_OPEN, 'reply cut': maybe(LOST) })),
    },
  },
  {
    name: 'that accepts and hangs',
    timesOut: true,
    strike: inject({ kind: 'hang' }),
    heal,
    ends: silent(),
  },
  {
    name: 'whose replies drip in',
    timesOut: true,
    strike: inject({ kind: 'drip', ms: 100, direction: 'toClient' }),
    heal,
    ends: silent(),
  },
  {
    name: 'that answers later than the time-outs',
    timesOut: true,
    strike: inject({ kind: 'delay', ms: 2_000 }),
    heal,
    ends: silent(),
  },
  {
    name: 'that answers slowly, but in time',
    strike: inject({ kind: 'delay', ms: 20 }),
    heal,
    ends: {
      load: always('ok'),
      append: always('ok'),
      read: stored(always('ok')),
      grow: stored(always('ok')),
      shrink: stored(always('ok')),
      count: stored(always('ok', { 'reply cut': maybe(LOST) })),
    },
  },
  {
    name: 'that resets every connection, old and new',
    strike: injectAndTell({ kind: 'reset' }),
    heal,
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
    name: 'whose connections end with the first byte of a reply',
    strike: inject({ kind: 'cut', afterBytes: 0, direction: 'toClient' }),
    heal,
    ends: {
      load: always(LOST),
      append: sent(LOST),
      read: stored(always(LOST)),
      grow: stored(sent(LOST)),
      shrink: stored(sent(LOST)),
      count: stored(sent(LOST)),
    },
  },
  {
    name: 'whose connections end in the first request',
    strike: inject({ kind: 'cut', afterBytes: 10, direction: 'toServer' }),
    heal,
    ends: {
      load: always(LOST, PASSED),
      append: sent(LOST, PASSED),
      read: stored(always(LOST, PASSED)),
      grow: stored(sent(LOST, PASSED)),
      shrink: stored(sent(LOST, PASSED)),
      count: stored(sent(LOST, PASSED)),
    },
  },
]

faultTests(FAULTS, IN_FULL)
faultTests(FAULTS.slice(0, UNDER_TLS_TOO), OVER_TLS)
