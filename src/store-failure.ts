/** Every code of a failed operation and the reasons under it: `never` for a code that has none. */
export interface StoreErrorReasons {
  ERR_STORE_UNAVAILABLE: 'refused' | 'dns' | 'tls' | 'connection-lost' | 'loading' | 'cluster-down'
  ERR_STORE_TIMEOUT: 'queue' | 'connect' | 'command'
  ERR_STORE_CIRCUIT_OPEN: never
  ERR_STORE_OVERLOADED: never
  ERR_STORE_NOT_PRIMARY: 'readonly' | 'no-replicas' | 'redirect' | 'topology'
  ERR_STORE_NOT_DURABLE: 'replicas' | 'misconf' | 'ttl'
  ERR_STORE_UNSAFE_SERVER: 'role' | 'eviction' | 'durability' | 'fence' | 'version' | 'acl'
  ERR_STORE_KEYSPACE_LOST: 'missing' | 'changed' | 'layout'
  ERR_STORE_REGRESSION: never
  ERR_STORE_OUT_OF_MEMORY: never
  ERR_STORE_ACCESS: 'auth' | 'permission'
  ERR_STORE_UNDECODABLE: 'protocol' | 'value' | 'too-large'
  ERR_STORE_INVALID_ARGUMENT: never
  ERR_STORE_ABORTED: never
  ERR_STORE_CLOSED: never
  ERR_STORE_INTERNAL: never
}

/** What failed; part of the public interface (`docs/compatibility.md`). */
export type StoreErrorCode = keyof StoreErrorReasons

/** The finer cause under a code. Each reason belongs to exactly one code. */
export type StoreErrorReason = StoreErrorReasons[StoreErrorCode]

/** One cause of a failure, told in a clause. */
export interface StoreFailureCause {
  /**
   * Whether the same call may succeed later without anyone's doing. False where someone must act first: change
   * the call, the configuration, the credentials, the server or the data.
   */
  readonly retryable: boolean
  readonly summary: string
}

/** A code's own cause, which stands in where the reason is not known, and those of its reasons. */
export type StoreFailureEntry<Reason extends string = string> = StoreFailureCause & {
  readonly reasons: { readonly [R in Reason]: StoreFailureCause }
}

function passing(summary: string): StoreFailureCause {
  return { retryable: true, summary }
}

function lasting(summary: string): StoreFailureCause {
  return { retryable: false, summary }
}

/** The one table of codes, reasons, retryability and messages. `indelible-core` holds the same in Rust. */
export const STORE_FAILURES: { readonly [C in StoreErrorCode]: StoreFailureEntry<StoreErrorReasons[C]> } = {
  ERR_STORE_UNAVAILABLE: {
    ...passing('no answer is to be had from the server'),
    reasons: {
      refused: passing('the server refused the connection'),
      dns: passing("the server's host name does not resolve"),
      tls: lasting('the TLS handshake with the server failed'),
      'connection-lost': passing('the connection to the server was lost'),
      loading: passing('the server is still loading its data set'),
      'cluster-down': passing('the cluster is down'),
    },
  },
  ERR_STORE_TIMEOUT: {
    ...passing('the deadline passed'),
    reasons: {
      queue: passing('the deadline passed before the operation was sent'),
      connect: passing('the connection was not set up in time'),
      command: passing('the server did not answer in time'),
    },
  },
  ERR_STORE_CIRCUIT_OPEN: {
    ...passing('the breaker is open after repeated failures; nothing was sent'),
    reasons: {},
  },
  ERR_STORE_OVERLOADED: {
    ...passing('too many operations are in flight; nothing was sent'),
    reasons: {},
  },
  ERR_STORE_NOT_PRIMARY: {
    ...passing('the server is not, or not certainly, the primary'),
    reasons: {
      readonly: passing('the server is a read-only replica'),
      'no-replicas': passing('the primary has too few replicas in reach'),
      redirect: passing('the operation was redirected and could not be followed'),
      topology: passing('no primary could be found'),
    },
  },
  ERR_STORE_NOT_DURABLE: {
    ...lasting('the write cannot be kept as safely as was asked for'),
    reasons: {
      replicas: passing('too few replicas acknowledged the write'),
      misconf: lasting('the server cannot save to disk and refuses writes'),
      ttl: lasting("the session's expiry could not be refreshed for too long"),
    },
  },
  ERR_STORE_UNSAFE_SERVER: {
    ...lasting("the server's settings do not carry the promise that no label is lost"),
    reasons: {
      role: lasting('the server is not a primary'),
      eviction: lasting('the server may evict labels; set maxmemory-policy noeviction'),
      durability: lasting('the server does not persist writes as configured here'),
      fence: lasting('the server accepts writes without replicas; set min-replicas-to-write'),
      version: lasting('the server is too old; use Redis 7.0 or later, or Valkey'),
      acl: lasting("the server's settings cannot be examined with this user's permissions"),
    },
  },
  ERR_STORE_KEYSPACE_LOST: {
    ...lasting('the keyspace is not the one that labels were written to'),
    reasons: {
      missing: lasting('the keyspace lost its generation: labels may have been lost with it'),
      changed: lasting('the keyspace has another generation: labels may have been lost'),
      layout: lasting('the keyspace lays labels out in another way'),
    },
  },
  ERR_STORE_REGRESSION: {
    ...lasting('the server lost labels of this session, and adding them again failed'),
    reasons: {},
  },
  ERR_STORE_OUT_OF_MEMORY: {
    ...lasting('the server is out of memory and refuses writes'),
    reasons: {},
  },
  ERR_STORE_ACCESS: {
    ...lasting('the server refused access'),
    reasons: {
      auth: lasting('the server refused the credentials'),
      permission: lasting("the server's access rules forbid the operation"),
    },
  },
  ERR_STORE_UNDECODABLE: {
    ...lasting("the server's answer cannot be read"),
    reasons: {
      protocol: lasting("the server's answer has an unexpected shape"),
      value: lasting('the stored value is not of the kind that belongs there'),
      'too-large': lasting('the stored label set is too large to be read'),
    },
  },
  ERR_STORE_INVALID_ARGUMENT: { ...lasting('an argument is not valid; nothing was sent'), reasons: {} },
  ERR_STORE_ABORTED: { ...lasting('the caller aborted the operation'), reasons: {} },
  ERR_STORE_CLOSED: { ...lasting('the store is closed'), reasons: {} },
  ERR_STORE_INTERNAL: { ...lasting('an internal error, please report it'), reasons: {} },
}

/** The entry of a code, or `undefined` when it is none of ours. */
export function failureEntry(code: string): StoreFailureEntry | undefined {
  const entries: { readonly [code: string]: StoreFailureEntry } = STORE_FAILURES
  return Object.hasOwn(entries, code) ? entries[code] : undefined
}

/** The cause that a reason names under its code, or `undefined` when the code has no such reason. */
export function reasonCause(
  entry: StoreFailureEntry,
  reason: string | undefined,
): StoreFailureCause | undefined {
  const reasons: { readonly [reason: string]: StoreFailureCause } = entry.reasons
  return reason !== undefined && Object.hasOwn(reasons, reason) ? reasons[reason] : undefined
}
