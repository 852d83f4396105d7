import { InvalidArgument, kindOf } from '../invalid-argument.js'
import { readRecordId } from './record-id.js'
import type { RecordId } from './record-id.js'
import type { StorageResult } from './storage-result.js'
import { MAX_U64, readBigInt } from './unsigned.js'

/** How long a session record lives after it was last saved, in seconds. Loading does not renew it. */
export const SESSION_TTL_SECS = 3600

/** A session as it is stored. Ids are 32 lower-case hexadecimal characters. */
export interface SessionRecord {
  readonly sessionId: string
  readonly agentId: string
  /** When the session began, in nanoseconds since 1970: 0 to 2^64 - 1. */
  readonly startedAtNs: bigint
}

/** A session to be stored. */
export interface NewSessionRecord {
  readonly sessionId: RecordId
  readonly agentId: RecordId
  readonly startedAtNs: bigint
}

/** Session records: which agent a session belongs to and when it began. */
export interface SessionStore {
  /** Stores the whole record and gives it {@link SESSION_TTL_SECS} to live, both or neither. */
  save(record: NewSessionRecord): Promise<StorageResult<undefined>>
  /** The record, or `null` when there is none. */
  load(sessionId: RecordId): Promise<StorageResult<SessionRecord | null>>
  /** Removes the record; ok when there is none. */
  delete(sessionId: RecordId): Promise<StorageResult<undefined>>
}

/** Reads what a caller passed as a record. Never throws. */
export function readSessionRecord(record: unknown): SessionRecord | InvalidArgument {
  if (typeof record !== 'object' || record === null) {
    return new InvalidArgument(`record: expected an object, found ${kindOf(record)}`)
  }
  try {
    const given = record as { readonly [K in keyof SessionRecord]?: unknown }
    const sessionId = readRecordId(given.sessionId, 'record.sessionId')
    if (sessionId instanceof InvalidArgument) return sessionId
    const agentId = readRecordId(given.agentId, 'record.agentId')
    if (agentId instanceof InvalidArgument) return agentId
    const startedAtNs = readBigInt(given.startedAtNs, 'record.startedAtNs', 0n, MAX_U64)
    if (startedAtNs instanceof InvalidArgument) return startedAtNs
    return { sessionId, agentId, startedAtNs }
  } catch (cause) {
    return new InvalidArgument('record: reading it threw; pass a plain object', cause)
  }
}
