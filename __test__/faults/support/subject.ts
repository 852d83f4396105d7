// What a fault is done to: operations that are started together, and how each of them may end.

import type { StoreError } from 'indelible'

import { until } from '../../support/topologies/until.js'
import type { Scene } from './scene.js'

/**
 * Operations that end alike:
 * - `load` and `append`: of labels
 * - `read`, `grow`, `shrink`: of records, counters and policies, by what they do to the data
 * - `count`: an increment, which may never be repeated once its bytes may have been sent
 */
export type Column = 'load' | 'append' | 'read' | 'grow' | 'shrink' | 'count'

/** Those that leave the data as it is. */
export const READS: ReadonlySet<Column> = new Set(['load', 'read'])

/** How one operation ended. */
export interface Outcome {
  readonly operation: string
  readonly column: Column
  readonly result: { readonly ok: true } | { readonly ok: false; readonly error: StoreError }
  readonly wallMs: number
}

/** A store that works towards a scene's server. */
export interface Subject extends AsyncDisposable {
  /** What no error may show: session ids, labels, keys. */
  readonly canaries: readonly string[]
  /** Whether it knows of a connection that is open. */
  readonly isConnected: boolean
  /** Uses it, so that it is connected. */
  warm(): Promise<void>
  /** Starts all of its operations in one turn. */
  start(): Promise<readonly Outcome[]>
  /** Whether it answers. */
  works(): Promise<boolean>
  /**
   * Asserts what must be true of the data once all is well again: what was acknowledged is there, what is said not to
   * have happened has not, and nothing has happened twice. `forgotten`: the fault has removed what was there before.
   */
  check(outcomes: readonly Outcome[], forgotten: boolean): Promise<void>
}

/** How a subject is made. */
export interface SubjectKind {
  readonly purpose: 'labels' | 'storage'
  readonly columns: readonly Column[]
  /** What the last reply of its pipeline contains, if not the generation. */
  readonly lastReply?: RegExp
  open(scene: Scene, settings: Readonly<Record<string, unknown>>): Promise<Subject>
}

/** Clocks a call from now. */
export async function clocked(
  operation: string,
  column: Column,
  call: Promise<Outcome['result']>,
): Promise<Outcome> {
  const start = performance.now()
  const result = await call
  return { operation, column, result, wallMs: performance.now() - start }
}

/** Resolves once a store knows that its connections are gone: what it then sends, it sends over a new one. */
export async function disconnected(subject: Subject): Promise<void> {
  await until('the store to know', async () => !subject.isConnected)
}
