import { inspect } from 'node:util'

import { StoreError } from 'indelible'
import type { StoreErrorRecord } from 'indelible'
import { describe, expect, test } from 'vitest'

import { STORE_FAILURES } from '../src/store-failure.js'

/** Every code and reason as the documentation lists them; `+` = may pass by itself. */
const DOCUMENTED = [
  'ERR_STORE_UNAVAILABLE: refused+ dns+ tls connection-lost+ loading+ cluster-down+',
  'ERR_STORE_TIMEOUT: queue+ connect+ command+',
  'ERR_STORE_CIRCUIT_OPEN+',
  'ERR_STORE_OVERLOADED+',
  'ERR_STORE_NOT_PRIMARY: readonly+ no-replicas+ redirect+ topology+',
  'ERR_STORE_NOT_DURABLE: replicas+ misconf ttl',
  'ERR_STORE_UNSAFE_SERVER: role eviction durability fence version acl',
  'ERR_STORE_KEYSPACE_LOST: missing changed layout',
  'ERR_STORE_REGRESSION',
  'ERR_STORE_OUT_OF_MEMORY',
  'ERR_STORE_ACCESS: auth permission',
  'ERR_STORE_UNDECODABLE: protocol value too-large',
  'ERR_STORE_INVALID_ARGUMENT',
  'ERR_STORE_ABORTED',
  'ERR_STORE_CLOSED',
  'ERR_STORE_INTERNAL',
]

describe('codes and reasons', () => {
  test('are those of the documentation', () => {
    const mark = (name: string, retryable: boolean): string => `${name}${retryable ? '+' : ''}`
    const listed = Object.entries(STORE_FAILURES).map(([code, { retryable, reasons }]) => {
      const names = Object.entries(reasons).map(([reason, cause]) => mark(reason, cause.retryable))
      return names.length === 0 ? mark(code, retryable) : `${code}: ${names.join(' ')}`
    })
    expect(listed).toEqual(DOCUMENTED)
  })

  test('have a message each', () => {
    const summaries = Object.values(STORE_FAILURES).flatMap(({ summary, reasons }) => [
      summary,
      ...Object.values(reasons).map((cause) => cause.summary),
    ])
    expect(new Set(summaries).size).toBe(summaries.length)
  })
})

describe('a store error', () => {
  const record: StoreErrorRecord = {
    code: 'ERR_STORE_NOT_PRIMARY',
    reason: 'readonly',
    operation: 'append',
    indeterminate: true,
    serverCode: 'READONLY',
    attempts: 2,
    elapsedMs: 12.5,
    detail: 'ask again',
    cause: new Error('inner'),
  }

  test('carries what is known', () => {
    const error = new StoreError(record)
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe('StoreError')
    expect(error.message).toBe('append failed: the server is a read-only replica: ask again')
    expect(error.cause).toBe(record.cause)
    expect(error.toJSON()).toEqual({
      name: 'StoreError',
      message: error.message,
      code: 'ERR_STORE_NOT_PRIMARY',
      reason: 'readonly',
      operation: 'append',
      retryable: true,
      indeterminate: true,
      serverCode: 'READONLY',
      attempts: 2,
      elapsedMs: 12.5,
    })
    expect(JSON.parse(JSON.stringify(error))).toEqual(error.toJSON())
  })

  test('leaves out what is not known', () => {
    const error = new StoreError({ code: 'ERR_STORE_CLOSED', operation: 'load' })
    expect(Object.keys(error).sort()).toEqual([
      'attempts',
      'code',
      'elapsedMs',
      'indeterminate',
      'operation',
      'retryable',
    ])
    expect('cause' in error).toBe(false)
    expect(inspect(error)).not.toContain('undefined')
    expect(inspect(error)).toMatch(
      /^StoreError: load failed: the store is closed\n[^]*code: 'ERR_STORE_CLOSED'/,
    )
  })

  test('the reason decides whether it may pass by itself', () => {
    const retryable = (reason: 'refused' | 'tls'): boolean =>
      new StoreError({ code: 'ERR_STORE_UNAVAILABLE', reason, operation: 'load' }).retryable
    expect(retryable('refused')).toBe(true)
    expect(retryable('tls')).toBe(false)
  })

  test('a load is never indeterminate', () => {
    expect(new StoreError({ ...record, operation: 'load' }).indeterminate).toBe(false)
  })

  test.each(['WRONGTYPE Operation against a key', 'readonly', '', '-ERR', 'X'.repeat(33), 'key:abc'])(
    'of a server only the code word is kept, not %j',
    (serverCode) => {
      const error = new StoreError({ ...record, serverCode })
      expect('serverCode' in error).toBe(false)
    },
  )
})

test('no text of an error holds what a server said', () => {
  const serverCode = 'ERR wrong value "hunter2" for key taint:v1:abc'
  const error = new StoreError({ code: 'ERR_STORE_INTERNAL', operation: 'load', serverCode })
  expect(inspect(error, { depth: Infinity, showHidden: true })).not.toMatch(/hunter2|taint:v1/)
})

describe('a record from elsewhere', () => {
  test('of a known code and reason becomes that error', () => {
    const error = StoreError.from({
      code: 'ERR_STORE_TIMEOUT',
      reason: 'command',
      operation: 'load',
      attempts: 2,
    })
    expect(error.toJSON()).toMatchObject({
      code: 'ERR_STORE_TIMEOUT',
      reason: 'command',
      retryable: true,
      attempts: 2,
    })
  })

  test.each([
    { code: 'ERR_STORE_NEW' },
    { code: 'toString' },
    { code: '__proto__' },
    { code: 'ERR_STORE_TIMEOUT', reason: 'refused' },
    { code: 'ERR_STORE_TIMEOUT', reason: 'constructor' },
    { code: 'ERR_STORE_CLOSED', reason: 'command' },
  ])('that is not in the table stays a failure: %o', (unknown) => {
    const error = StoreError.from({ ...unknown, operation: 'append', indeterminate: true })
    expect(error.toJSON()).toMatchObject({
      code: 'ERR_STORE_INTERNAL',
      retryable: false,
      indeterminate: true,
    })
    expect('reason' in error).toBe(false)
  })
})
