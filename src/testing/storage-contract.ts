import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'

import type { StorageOperation } from '../store-error.js'
import type { StorageResult } from '../storage/storage-result.js'
import { StoreError } from '../store-error.js'

/** How to run the contract suite of a storage driver. */
export interface StorageContract<Store> {
  /** Registers one test: `test` of vitest, `node:test`, mocha (`it`) and others fit as they are. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /** Gives the store under test; called for each test. Whoever opened it closes it. */
  readonly open: () => Store | Promise<Store>
}

/** One promise of a contract, and how to see that a store keeps it. */
export interface StorageClause<Store> {
  readonly name: string
  readonly run: (store: Store) => Promise<void>
}

/** Registers one test for each clause. */
export function registerClauses<Store>(
  { test, open }: StorageContract<Store>,
  clauses: readonly StorageClause<Store>[],
): void {
  for (const { name, run } of clauses) test(name, async () => run(await open()))
}

/** An id that nobody has used. */
export function freshId(): string {
  return randomBytes(16).toString('hex')
}

/** A key that nobody has used. */
export function freshKey(): string {
  return `contract-${randomUUID()}`
}

/** The value of a result that must be ok. */
export function valueOf<Value>(result: StorageResult<Value>): Value {
  if (!result.ok) throw result.error
  return result.value
}

/** Sees that a call was refused because of an argument, before anything was sent. */
export function assertRefused(
  result: StorageResult<unknown>,
  operation: StorageOperation,
  field: RegExp,
): void {
  assert.equal(result.ok, false, 'expected a refusal, found ok')
  assert.ok(!('value' in result), 'a failure must carry no value')
  const { error } = result
  assert.ok(error instanceof StoreError, 'error must be a StoreError')
  assert.equal(error.code, 'ERR_STORE_INVALID_ARGUMENT')
  assert.equal(error.operation, operation)
  assert.match(error.message, field)
  assert.deepEqual([error.retryable, error.indeterminate, error.attempts], [false, false, 0])
}

/** Passes a value of any kind where a type forbids it, as a caller without types would. */
export function untyped(value: unknown): never {
  return value as never
}
