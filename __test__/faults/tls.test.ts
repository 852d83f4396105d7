// Servers whose TLS cannot be used, at each moment of an operation. An open connection does not see it: it is the next
// one that does.

import type { TlsOptions } from 'node:tls'

import { FaultProxy } from '../support/fault-proxy.js'
import { Authority } from '../valkey/support/certificates.js'
import { type Failure, always, maybe, stored } from './support/ends.js'
import { LOST, NOT_CONNECTED, UNTRUSTED } from './support/failures.js'
import { type Fault, faultTests } from './support/matrix.js'
import type { Scene } from './support/scene.js'
import { OVER_TLS, authority, identity } from './support/variant.js'

/** It meets whoever connects anew, so also who has to because a reply was cut. */
function nextConnection(failure: Failure): Fault['ends'] {
  const write = always('ok', { 'before connect': failure, 'reply cut': maybe(failure) })
  return {
    load: always('ok', { 'before connect': failure, 'reply cut': failure }),
    append: write,
    read: stored(always('ok', { 'before connect': failure, 'reply cut': failure })),
    grow: stored(write),
    shrink: stored(write),
    count: stored({ ...write, 'reply cut': maybe(LOST) }),
  }
}

const NAMES = ['127.0.0.1']
const ROWS: Readonly<Record<string, TlsOptions>> = {
  'a certificate that has expired': authority.vouchFor({ names: NAMES, expired: true }),
  'a certificate for another name': authority.vouchFor({ names: ['elsewhere.invalid'] }),
  'a certificate of another authority': new Authority('another').vouchFor({ names: NAMES }),
  'nothing newer than TLS 1.1': {
    ...identity,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  },
  'the wish for a certificate that the store does not have': {
    ...identity,
    requestCert: true,
    rejectUnauthorized: true,
    ca: authority.cert,
  },
}

const heal: Fault['heal'] = async (scene) => scene.hide()

/** What swallows handshakes. */
const holes = new WeakMap<Scene, FaultProxy>()

const FAULTS: readonly Fault[] = [
  ...Object.entries(ROWS).map(([name, options]): Fault => ({
    name: `that has ${name}`,
    tlsOnly: true,
    strike: async (scene) => scene.show(options),
    heal,
    ends: nextConnection(UNTRUSTED),
  })),
  {
    name: 'that stops in the middle of a handshake',
    tlsOnly: true,
    timesOut: true,
    async strike(scene) {
      const hole = await FaultProxy.open(scene.gate.port)
      holes.set(scene, hole)
      await hole.inject({ kind: 'hang' })
      scene.proxy.retarget(hole.port)
    },
    async heal(scene) {
      scene.hide()
      await holes.get(scene)?.[Symbol.asyncDispose]()
    },
    ends: nextConnection(NOT_CONNECTED),
  },
]

faultTests(FAULTS, OVER_TLS)
