import type { AppendResult, LoadResult } from './results.js'
import type { SessionRef } from './session-ref.js'

/** What a call may carry besides its arguments. */
export interface StoreCallOptions {
  /**
   * Ends the wait early with `ERR_STORE_ABORTED`. An append that was already under way may still happen; its
   * error then says `indeterminate`.
   */
  readonly signal?: AbortSignal
}

/**
 * Where the labels of sessions live: sets that only ever grow.
 *
 * The promise (`docs/soundness.md`): whoever got `ok` from an append never again sees an `ok` load of that
 * session without those labels, on any node, until the session's own lifetime ends. Where a store cannot keep
 * that, it answers a failure, and a failure denies.
 *
 * Loads and appends never throw and never reject. Each checks, in this order: closed, aborted, arguments, and
 * for an append whether there is anything to write. Arguments are read once, in the caller's turn.
 */
export interface SessionStore extends AsyncDisposable {
  /** The kind that a configuration names, such as `memory` or `valkey`. */
  readonly kind: string

  /**
   * The labels of a session, or the union over several ids. A session nobody has written to has none, which is
   * an answer and no failure.
   */
  loadLabels(session: SessionRef, options?: StoreCallOptions): Promise<LoadResult>

  /**
   * Adds labels to a session, or to each of several ids; what is already there stays. At most 1,000 labels of 1
   * to 256 UTF-8 bytes. No labels at all is `ok` without asking the store.
   */
  appendLabels(
    session: SessionRef,
    labels: Iterable<string>,
    options?: StoreCallOptions,
  ): Promise<AppendResult>

  /**
   * Ends the store. New calls answer `ERR_STORE_CLOSED` at once, those under way end in their own time, and
   * the promise resolves when the last has. Never rejects; may be called again.
   */
  close(): Promise<void>
}
