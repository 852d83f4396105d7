import { MemorySessionStore, ReadonlyLabelSet, StoreError } from 'indelible'
import type { AppendResult, LoadResult, SessionRef, SessionStore, StoreCallOptions } from 'indelible'
import { sessionStoreContract } from 'indelible/testing'
import { expect, test } from 'vitest'

/** A store that breaks one promise and otherwise does as the memory store does. */
class BrokenStore implements SessionStore {
  readonly kind: string = 'broken'
  readonly memory: MemorySessionStore = new MemorySessionStore()

  loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    return this.memory.loadLabels(session, options)
  }

  appendLabels(
    session: SessionRef,
    labels: Iterable<string>,
    options?: StoreCallOptions,
  ): Promise<AppendResult> {
    return this.memory.appendLabels(session, labels, options)
  }

  close(): Promise<void> {
    return this.memory.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function mapIds(session: SessionRef, map: (id: string) => string): SessionRef {
  return typeof session === 'string' ? map(session) : session.map(map)
}

function mapLabels(result: LoadResult, map: (labels: string[]) => Iterable<string>): LoadResult {
  return result.ok ? { ok: true, labels: ReadonlyLabelSet.from(map([...result.labels])) } : result
}

class FailsOpen extends BrokenStore {
  override async loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    const result = await super.loadLabels(session, options)
    return result.ok ? result : { ok: true, labels: ReadonlyLabelSet.from([]) }
  }
}

class Throws extends BrokenStore {
  override async loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    const result = await super.loadLabels(session, options)
    if (!result.ok) throw result.error
    return result
  }
}

class NormalisesIds extends BrokenStore {
  override loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    return super.loadLabels(
      typeof session === 'string' ? mapIds(session, (id) => id.normalize()) : session,
      options,
    )
  }
}

class FoldsCase extends BrokenStore {
  override async loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    return mapLabels(await super.loadLabels(session, options), (labels) =>
      labels.map((label) => label.toLowerCase()),
    )
  }
}

class ReadsTheFirstIdOnly extends BrokenStore {
  override loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    return super.loadLabels(
      Array.isArray(session) && session.length === 3 ? session.slice(0, 1) : session,
      options,
    )
  }
}

class OverwritesConcurrentAppends extends BrokenStore {
  readonly #known = new Map<string, string[]>()

  override async appendLabels(session: SessionRef, labels: Iterable<string>): Promise<AppendResult> {
    const result = await super.appendLabels(session, labels)
    if (!result.ok || typeof session !== 'string' || typeof labels === 'string') return result
    const before = this.#known.get(session) ?? []
    await Promise.resolve()
    this.#known.set(session, [...before, ...labels])
    return result
  }

  override async loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    const result = await super.loadLabels(session, options)
    const known = typeof session === 'string' ? this.#known.get(session) : undefined
    return known === undefined ? result : mapLabels(result, () => known)
  }
}

class ReadsArgumentsLate extends BrokenStore {
  override async appendLabels(
    session: SessionRef,
    labels: Iterable<string>,
    options?: StoreCallOptions,
  ): Promise<AppendResult> {
    await Promise.resolve()
    return super.appendLabels(session, labels, options)
  }
}

class QuotesTheValue extends BrokenStore {
  override async loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    const result = await super.loadLabels(session, options)
    if (result.ok || result.error.code !== 'ERR_STORE_INVALID_ARGUMENT') return result
    const detail = `session: ${String(session)}`
    return { ok: false, error: new StoreError({ code: result.error.code, operation: 'load', detail }) }
  }
}

class IgnoresTheSignal extends BrokenStore {
  override loadLabels(session: SessionRef): Promise<LoadResult> {
    return super.loadLabels(session)
  }
}

class LeaksListeners extends BrokenStore {
  override loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    if (options?.signal instanceof AbortSignal) options.signal.addEventListener('abort', () => undefined)
    return super.loadLabels(session, options)
  }
}

class AnswersASet extends BrokenStore {
  override async loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    const result = await super.loadLabels(session, options)
    return result.ok ? { ok: true, labels: new Set(result.labels) as never } : result
  }
}

class ServesOnWhenClosed extends BrokenStore {
  override async close(): Promise<void> {}
}

class ClosesTooEarly extends BrokenStore {
  override async loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult> {
    const result = await super.loadLabels(session, options)
    await new Promise(setImmediate)
    return result
  }
}

class SkipsLabelChecks extends BrokenStore {
  override async appendLabels(
    session: SessionRef,
    labels: Iterable<string>,
    options?: StoreCallOptions,
  ): Promise<AppendResult> {
    const good = [...(Array.isArray(labels) ? labels : [])].filter((label) => label !== '')
    return super.appendLabels(session, Array.isArray(labels) ? good : labels, options)
  }
}

/** The suite over a store, clause by clause. */
function clausesOver(open: () => SessionStore): ReadonlyMap<string, () => Promise<void>> {
  const clauses = new Map<string, () => Promise<void>>()
  sessionStoreContract({
    test(name, run) {
      expect(clauses.has(name), `two clauses are named "${name}"`).toBe(false)
      clauses.set(name, run)
    },
    open,
  })
  return clauses
}

test.each([
  [FailsOpen, 'refuses as session: the empty id'],
  [Throws, 'refuses as session: the empty id'],
  [NormalisesIds, 'session ids are told apart byte by byte: no trimming, folding or normalisation'],
  [FoldsCase, 'every label survives byte for byte and is a label of its own'],
  [ReadsTheFirstIdOnly, 'an append to several ids reaches every one, a load of several answers their union'],
  [OverwritesConcurrentAppends, 'concurrent appends to one session lose nothing'],
  [ReadsArgumentsLate, 'any iterable is read once, in the turn of the call'],
  [ReadsArgumentsLate, 'the ids are read in the turn of the call'],
  [QuotesTheValue, 'refuses as session: an id that is too long'],
  [IgnoresTheSignal, 'a call with an aborted signal is refused, with the reason as cause, and does nothing'],
  [LeaksListeners, 'a signal that outlives its calls keeps no listener, and a late abort changes nothing'],
  [AnswersASet, 'results hold no Set and no array'],
  [ServesOnWhenClosed, 'a closed store answers ERR_STORE_CLOSED, and may be closed again'],
  [ServesOnWhenClosed, 'disposing of a store closes it'],
  [ClosesTooEarly, 'close waits for what is under way, and each of those calls gets a result'],
  [SkipsLabelChecks, 'refuses as labels, the good ones among them too: the empty label'],
] as const)('%o breaks: %s', async (Broken, clause) => {
  const run = clausesOver(() => new Broken()).get(clause)
  expect(run, 'the clause must exist').toBeDefined()
  await expect(run?.()).rejects.toBeInstanceOf(Error)
})

test('a store that keeps the contract breaks no clause', async () => {
  const broken: string[] = []
  for (const [name, run] of clausesOver(() => new BrokenStore())) await run().catch(() => broken.push(name))
  expect(broken).toEqual([])
})
