import { describe, expect, it } from 'vitest'

import type { LabelContestant } from '../../bench/contestant.js'
import { LabelWorkload } from '../../bench/label-workload.js'
import { LatencyHistogram } from '../../bench/latency-histogram.js'

describe('the label workload', () => {
  it('is 75 % loads and 25 % appends over a thousand sessions of 3 to 5 labels', async () => {
    const memory = new Memory()
    const workload = new LabelWorkload(memory)
    await workload.seed()
    expect(memory.sessions.size).toBe(1_000)
    expect(sizes(memory)).toEqual([3])

    memory.forgetCalls()
    memory.afterCalls(64_000, () => workload.stop())
    const latencies = new LatencyHistogram()
    await workload.run(64, latencies)

    expect(memory.appends / (memory.appends + memory.loads)).toBeCloseTo(0.25, 2)
    expect(workload.operations).toBe(memory.appends + memory.loads)
    expect(latencies.count).toBe(workload.operations)
    expect(memory.touched.size).toBe(1_000)
    expect(sizes(memory)).toEqual([5])
  })

  it('draws the same labels in every process and different ones for the sessions', async () => {
    const [one, two] = [new Memory(), new Memory()]
    await new LabelWorkload(one).seed()
    await new LabelWorkload(two).seed()
    expect(two.sessions).toEqual(one.sessions)
    const distinct = new Set([...one.sessions.values()].map((labels) => [...labels].toSorted().join()))
    expect(distinct.size).toBeGreaterThan(100)
  })

  it('turns away a contestant that stores nothing', async () => {
    const idle: LabelContestant = { load: async () => [], append: async () => {}, close: async () => {} }
    await expect(new LabelWorkload(idle).seed()).rejects.toThrow('holds 0 labels; 3 were appended')
  })

  it('fails when an operation fails', async () => {
    const memory = new Memory()
    const workload = new LabelWorkload(memory)
    await workload.seed()
    memory.forgetCalls()
    memory.afterCalls(10, () => {
      throw new Error('connection lost')
    })
    await expect(workload.run(1, new LatencyHistogram())).rejects.toThrow('connection lost')
  })
})

/** A contestant that counts what it is asked for. */
class Memory implements LabelContestant {
  readonly sessions = new Map<string, Set<string>>()
  readonly touched = new Set<string>()
  loads = 0
  appends = 0
  #after: { readonly calls: number; readonly act: () => void } | undefined

  forgetCalls(): void {
    this.loads = 0
    this.appends = 0
    this.touched.clear()
  }

  afterCalls(calls: number, act: () => void): void {
    this.#after = { calls, act }
  }

  async load(session: string): Promise<Iterable<string>> {
    this.loads += 1
    this.#touch(session)
    return this.sessions.get(session) ?? []
  }

  async append(session: string, labels: readonly string[]): Promise<void> {
    this.appends += 1
    this.#touch(session)
    this.sessions.set(session, new Set([...(this.sessions.get(session) ?? []), ...labels]))
  }

  async close(): Promise<void> {}

  #touch(session: string): void {
    this.touched.add(session)
    if (this.loads + this.appends === this.#after?.calls) this.#after.act()
  }
}

function sizes(memory: Memory): number[] {
  return [...new Set([...memory.sessions.values()].map((labels) => labels.size))]
}
