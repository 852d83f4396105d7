// The failures that the tables of faults name.

import type { Failure } from './ends.js'

export const REFUSED: Failure = { code: 'ERR_STORE_UNAVAILABLE', reason: 'refused' }
export const LOST: Failure = { code: 'ERR_STORE_UNAVAILABLE', reason: 'connection-lost' }
export const LOADING: Failure = { code: 'ERR_STORE_UNAVAILABLE', reason: 'loading' }
export const UNTRUSTED: Failure = { code: 'ERR_STORE_UNAVAILABLE', reason: 'tls' }
export const NOT_CONNECTED: Failure = { code: 'ERR_STORE_TIMEOUT', reason: 'connect' }
export const LATE: Failure = { code: 'ERR_STORE_TIMEOUT', reason: 'command' }
export const READONLY: Failure = { code: 'ERR_STORE_NOT_PRIMARY', reason: 'readonly' }
export const NO_REPLICAS: Failure = { code: 'ERR_STORE_NOT_PRIMARY', reason: 'no-replicas' }
export const MISCONF: Failure = { code: 'ERR_STORE_NOT_DURABLE', reason: 'misconf' }
export const FULL: Failure = { code: 'ERR_STORE_OUT_OF_MEMORY' }
export const FORBIDDEN: Failure = { code: 'ERR_STORE_ACCESS', reason: 'permission' }
export const NOBODY: Failure = { code: 'ERR_STORE_ACCESS', reason: 'auth' }
export const FOREIGN: Failure = { code: 'ERR_STORE_UNDECODABLE', reason: 'value' }
export const FLUSHED: Failure = { code: 'ERR_STORE_KEYSPACE_LOST', reason: 'missing' }
