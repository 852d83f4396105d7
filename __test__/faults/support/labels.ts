// The label store as the subject of a fault: one load, or one append, of a session that holds a label already.

import { randomUUID } from 'node:crypto'

import { type LoadResult, ValkeySessionStore } from 'indelible'
import { expect } from 'vitest'

import { keyOf, labelsOf, openStore } from '../../valkey/support/store.js'
import { until } from '../../support/topologies/until.js'
import { PATIENT, type Scene } from './scene.js'
import { type Outcome, type Subject, type SubjectKind, clocked } from './subject.js'

/** The label that was acknowledged before, and the one that the append at hand adds. */
const [BEFORE, DURING] = ['BEFORE', 'DURING']

/** The session of a scene: a fault may be about its key. */
const sessions = new WeakMap<Scene, string>()

/** The key of the scene's session. */
export function keyIn(scene: Scene): string {
  return keyOf(sessions.get(scene) ?? '')
}

async function open(
  operation: 'load' | 'append',
  scene: Scene,
  settings: Readonly<Record<string, unknown>>,
): Promise<Subject> {
  const session = randomUUID()
  sessions.set(scene, session)
  const writer = await openStore(scene.server, PATIENT)
  const written = await writer.appendLabels(session, [BEFORE])
  if (!written.ok) throw new Error('nothing could be prepared', { cause: written.error })
  await writer.close()
  const config = { kind: 'valkey', endpoint: scene.url, ...scene.login, ...settings }
  return new LabelSubject(operation, session, await ValkeySessionStore.open(config))
}

class LabelSubject implements Subject {
  readonly #operation: 'load' | 'append'
  readonly #session: string
  readonly #store: ValkeySessionStore

  constructor(operation: 'load' | 'append', session: string, store: ValkeySessionStore) {
    this.#operation = operation
    this.#session = session
    this.#store = store
  }

  get canaries(): readonly string[] {
    return [this.#session, BEFORE, DURING]
  }

  get isConnected(): boolean {
    return this.#store.health().state === 'connected'
  }

  async warm(): Promise<void> {
    await until('the store to be connected', async () => this.works())
  }

  async start(): Promise<readonly Outcome[]> {
    const call =
      this.#operation === 'load'
        ? this.#store.loadLabels(this.#session)
        : this.#store.appendLabels(this.#session, [DURING])
    return [await clocked(this.#operation, this.#operation, call)]
  }

  async works(): Promise<boolean> {
    return (await this.#store.loadLabels(this.#session)).ok
  }

  async check(outcomes: readonly Outcome[], forgotten: boolean): Promise<void> {
    const held = labelsOf(await this.#store.loadLabels(this.#session))
    for (const outcome of outcomes) checkLabels(held, outcome, forgotten)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store.close()
  }
}

function checkLabels(held: readonly string[], { column, result }: Outcome, forgotten: boolean): void {
  const lists = [held, ...(result.ok && 'labels' in result ? [labelsOf(result as LoadResult)] : [])]
  if (!forgotten) for (const labels of lists) expect(labels).toContain(BEFORE)
  if (column === 'load') return
  if (result.ok) expect(held).toContain(DURING)
  else if (!result.error.indeterminate) expect(held).not.toContain(DURING)
}

/** One load. */
export const LOAD: SubjectKind = {
  purpose: 'labels',
  columns: ['load'],
  open: async (scene, settings) => open('load', scene, settings),
}

/** One append. */
export const APPEND: SubjectKind = {
  purpose: 'labels',
  columns: ['append'],
  open: async (scene, settings) => open('append', scene, settings),
}
