/**
 * What the label suite measures: one client library, used the way a careful user of it would keep session
 * labels. Every contestant does the same work on the wire:
 *
 *   load     SMEMBERS key, EXPIRE key ttl GT                            one round trip
 *   append   MULTI, SADD key labels, EXPIRE key ttl NX, EXPIRE key ttl GT, EXEC   one round trip
 *
 * and must reject when the server refuses any of it.
 */
export interface LabelContestant {
  /** The labels of a session. Sets and arrays are both fine: what the client gives, unconverted. */
  load(session: string): Promise<Iterable<string>>
  /** Adds labels to a session. */
  append(session: string, labels: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** A module in `contestants/`. */
export interface LabelContestantModule {
  /** @param url - `redis://host:port` of a server without authentication. */
  readonly open: (url: string) => Promise<LabelContestant>
}

/** Ours. */
export const SUBJECT = 'indelible'

/** The clients we are measured against; each has its own file in `contestants/` and a line in `package.json`. */
export const PEERS = ['ioredis', 'iovalkey', 'node-redis', 'valkey-glide'] as const

/** All contestants, in the order in which the first round runs them. */
export const CONTESTANTS: readonly string[] = [SUBJECT, ...PEERS]

/** Life of a label set, in seconds. Every load renews it. */
export const TTL_SECONDS = 3_600

/**
 * The key under which a peer keeps a session's labels. The peers are spared the SHA-256 over the session id that
 * our store computes on every call.
 */
export function peerKey(session: string): string {
  return `taint:v1:${session}`
}
