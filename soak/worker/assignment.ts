/** What a worker is told when it starts, as JSON in its only argument. */
export interface Assignment {
  /** Number of this start of a process. */
  readonly process: number
  readonly seed: number
  /** Calls in flight. */
  readonly callers: number
  /** Where its history goes. */
  readonly folder: string
  /** The store's configuration, or that of the client without a store. */
  readonly subject:
    | { readonly kind: 'library'; readonly config: unknown }
    | { readonly kind: 'raw'; readonly route: RawRoute; readonly hangs: boolean }
}

/** How a plain client finds its server. */
export type RawRoute =
  | { readonly kind: 'server'; readonly port: number }
  | { readonly kind: 'sentinels'; readonly ports: readonly number[]; readonly service: string }
  | { readonly kind: 'cluster'; readonly ports: readonly number[] }

/** The sessions that are under load: those of an epoch, and of all since `oldest` some now and then. */
export interface Epoch {
  readonly epoch: number
  readonly oldest: number
}

/** To a worker. `audit` loads every session of the epochs once; `stop` ends what is in flight and the process. */
export type Order =
  | ({ readonly order: 'epoch' } & Epoch)
  | ({ readonly order: 'audit' } & Epoch)
  | { readonly order: 'stop' }

/** From a worker. */
export type Message =
  | { readonly message: 'ready' }
  | { readonly message: 'audited' }
  | { readonly message: 'ended'; readonly rss: Rss; readonly strays: readonly string[] }

/** Resident memory in bytes: the least of the second tenth of a process's life, and of the last. */
export interface Rss {
  /** How long the process has lived. */
  readonly seconds: number
  readonly early: number
  readonly late: number
}

/** Sessions under load at once. */
export const HOT_SESSIONS = 16

/** A session of an epoch. */
export function sessionOf(epoch: number, n: number): string {
  return `soak-${epoch}-${n}`
}
