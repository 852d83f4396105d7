import type {
  AppendResult,
  LoadResult,
  ReadonlyLabelSet,
  SessionRef,
  SessionStore,
  StoreError,
  StoreErrorCode,
  StoreErrorRecord,
} from 'indelible'
import { MemorySessionStore } from 'indelible'
import type { PhaseOutcome, Violation } from 'indelible/enforcement'
import { expectTypeOf, test } from 'vitest'

/*
 * Checked by the compiler; running them shows only that the file compiles away. `@ts-expect-error` fails the
 * check when the line it stands over is accepted.
 */

test('labels cannot be reached without testing ok', () => {
  // @ts-expect-error labels may not be there
  const unchecked = (result: LoadResult): unknown => result.labels
  const checked = (result: LoadResult): unknown => {
    if (!result.ok) return expectTypeOf(result.error).toEqualTypeOf<StoreError>()
    return expectTypeOf(result.labels).toEqualTypeOf<ReadonlyLabelSet>()
  }
  // @ts-expect-error a failure has no labels
  const failed = (result: LoadResult): unknown => (result.ok ? undefined : result.labels)
  // @ts-expect-error a success has no error
  const succeeded = (result: LoadResult | AppendResult): unknown => (result.ok ? result.error : undefined)
  expectTypeOf([unchecked, checked, failed, succeeded]).toBeArray()
})

test('the labels of a denied phase may be missing, and its violation is always there', () => {
  const read = (outcome: PhaseOutcome): unknown => {
    if (outcome.continue) return expectTypeOf(outcome.labels).toEqualTypeOf<ReadonlyLabelSet>()
    expectTypeOf(outcome.violation).toEqualTypeOf<Violation>()
    return expectTypeOf(outcome.labels).toEqualTypeOf<ReadonlyLabelSet | undefined>()
  }
  // @ts-expect-error a phase that continues has no violation
  const continued = (outcome: PhaseOutcome): unknown => (outcome.continue ? outcome.violation : undefined)
  expectTypeOf([read, continued]).toBeArray()
})

test('a label set is neither a Set nor constructible', () => {
  expectTypeOf<ReadonlyLabelSet>().not.toExtend<ReadonlySet<string>>()
  expectTypeOf<ReadonlyLabelSet>().toExtend<Iterable<string>>()
  // @ts-expect-error the constructor is private
  const construct = (LabelSet: typeof ReadonlyLabelSet): unknown => new LabelSet(['pii'])
  expectTypeOf(construct).toBeFunction()
})

test('a reason fits its own code only', () => {
  expectTypeOf<{
    code: 'ERR_STORE_TIMEOUT'
    reason: 'command'
    operation: 'load'
  }>().toExtend<StoreErrorRecord>()
  expectTypeOf<{
    code: 'ERR_STORE_TIMEOUT'
    reason: 'refused'
    operation: 'load'
  }>().not.toExtend<StoreErrorRecord>()
  expectTypeOf<{
    code: 'ERR_STORE_CLOSED'
    reason: 'command'
    operation: 'load'
  }>().not.toExtend<StoreErrorRecord>()
  expectTypeOf<StoreError['code']>().toEqualTypeOf<StoreErrorCode>()
})

test('a store is what the contract says', () => {
  expectTypeOf(MemorySessionStore).instance.toExtend<SessionStore>()
  expectTypeOf<SessionStore>().toExtend<AsyncDisposable>()
  expectTypeOf<SessionStore['loadLabels']>().returns.toEqualTypeOf<Promise<LoadResult>>()
  expectTypeOf<SessionStore['appendLabels']>().returns.toEqualTypeOf<Promise<AppendResult>>()
  expectTypeOf<SessionRef>().toEqualTypeOf<string | readonly string[]>()
})
