// The contract suites are worth something only if a driver that breaks a promise fails them.

import {
  type NewSessionRecord,
  type PolicyCache,
  type PolicyDocument,
  type RateLimitCounter,
  type RateLimitWindow,
  type RecordId,
  type SessionStore,
  type StorageResult,
  MemoryPolicyStore,
  MemoryRateLimitCounter,
  MemorySessionStore,
} from 'indelible/storage'
import {
  type StorageContract,
  policyCacheContract,
  rateLimitCounterContract,
  sessionRecordContract,
} from 'indelible/testing'
import { expect, test } from 'vitest'

/** The names of the promises that a driver breaks. */
async function brokenBy<Store>(
  suite: (contract: StorageContract<Store>) => void,
  open: () => Store,
): Promise<string[]> {
  const tests: [string, () => Promise<void>][] = []
  suite({ test: (name, run) => tests.push([name, run]), open })
  const broken = await Promise.all(
    tests.map(([name, run]) =>
      run().then(
        () => undefined,
        () => name,
      ),
    ),
  )
  return broken.filter((name) => name !== undefined)
}

class LosesPrecision extends MemorySessionStore {
  override save(record: NewSessionRecord): Promise<StorageResult<undefined>> {
    return super.save({ ...record, startedAtNs: BigInt(Number(record.startedAtNs)) })
  }
}

class ForgetsUpperCase extends MemorySessionStore {
  override async load(sessionId: RecordId): ReturnType<SessionStore['load']> {
    return /[A-F]/.test(String(sessionId)) ? { ok: true, value: null } : super.load(sessionId)
  }
}

class KeepsDeleted extends MemorySessionStore {
  override async delete(): Promise<StorageResult<undefined>> {
    return { ok: true, value: undefined }
  }
}

class MovesTheWindow extends MemoryRateLimitCounter {
  override async hit(
    key: string,
    amount: bigint,
    windowSecs: number,
  ): Promise<StorageResult<RateLimitWindow>> {
    const result = await super.hit(key, amount, windowSecs)
    return result.ok ? { ok: true, value: { ...result.value, resetMs: windowSecs * 1_000 } } : result
  }
}

class NeverRollsOver extends MemoryRateLimitCounter {
  override hit(key: string, amount: bigint, _: number): Promise<StorageResult<RateLimitWindow>> {
    return super.hit(key, amount, 3_600)
  }
}

class FoldsKeys extends MemoryRateLimitCounter {
  override hit(key: string, amount: bigint, windowSecs: number): Promise<StorageResult<RateLimitWindow>> {
    return super.hit(typeof key === 'string' ? key.normalize() : key, amount, windowSecs)
  }
}

class ReadsThenWrites extends MemoryRateLimitCounter {
  override async increment(
    key: string,
    amount: bigint | number,
    windowSecs: number,
  ): Promise<StorageResult<bigint>> {
    const before = await this.current(key)
    const after = await super.increment(key, amount, windowSecs)
    return before.ok && after.ok ? { ok: true, value: before.value + BigInt(amount) } : after
  }
}

class IgnoresTheLife extends MemoryPolicyStore {
  override cachePolicy(agentId: RecordId, document: PolicyDocument): Promise<StorageResult<undefined>> {
    return super.cachePolicy(agentId, document)
  }
}

class DropsTheMode extends MemoryPolicyStore {
  override async getPolicy(agentId: RecordId): ReturnType<PolicyCache['getPolicy']> {
    const result = await super.getPolicy(agentId)
    if (!result.ok || result.value === null) return result
    return { ok: true, value: { ...result.value, enforcementMode: 'enforce' } }
  }
}

test.each<[string, () => Promise<string[]>, RegExp]>([
  ['LosesPrecision', () => brokenBy(sessionRecordContract, () => new LosesPrecision()), /nanosecond/],
  ['ForgetsUpperCase', () => brokenBy(sessionRecordContract, () => new ForgetsUpperCase()), /upper case/],
  ['KeepsDeleted', () => brokenBy(sessionRecordContract, () => new KeepsDeleted()), /deleted/],
  ['MovesTheWindow', () => brokenBy(rateLimitCounterContract, () => new MovesTheWindow()), /window is fixed/],
  [
    'NeverRollsOver',
    () => brokenBy(rateLimitCounterContract, () => new NeverRollsOver()),
    /after the window/,
  ],
  ['FoldsKeys', () => brokenBy(rateLimitCounterContract, () => new FoldsKeys()), /byte by byte/],
  ['ReadsThenWrites', () => brokenBy(rateLimitCounterContract, () => new ReadsThenWrites()), /concurrent/],
  ['IgnoresTheLife', () => brokenBy(policyCacheContract, () => new IgnoresTheLife()), /ends with its time/],
  ['DropsTheMode', () => brokenBy(policyCacheContract, () => new DropsTheMode()), /found, whole/],
])('%s is found out', async (_, run, promise) => {
  expect((await run()).join('\n')).toMatch(promise)
})

test('a driver that keeps its promises is not', async () => {
  expect(await brokenBy<SessionStore>(sessionRecordContract, () => new MemorySessionStore())).toEqual([])
  expect(
    await brokenBy<RateLimitCounter>(rateLimitCounterContract, () => new MemoryRateLimitCounter()),
  ).toEqual([])
  expect(await brokenBy<PolicyCache>(policyCacheContract, () => new MemoryPolicyStore())).toEqual([])
})
