import { InvalidArgument } from '../invalid-argument.js'
import { ExpiringMap } from './expiring-map.js'
import { readRecordId } from './record-id.js'
import type { RecordId } from './record-id.js'
import { readSessionRecord, SESSION_TTL_SECS } from './session-store.js'
import type { NewSessionRecord, SessionRecord, SessionStore } from './session-store.js'
import { DONE, found, refused } from './storage-result.js'
import type { StorageResult } from './storage-result.js'

/** Session records in the memory of this process: for one node and for tests. */
export class MemorySessionStore implements SessionStore {
  readonly #records = new ExpiringMap<SessionRecord>()

  async save(record: NewSessionRecord): Promise<StorageResult<undefined>> {
    const read = readSessionRecord(record)
    if (read instanceof InvalidArgument) return refused('save-session', read)
    this.#records.set(read.sessionId, read, SESSION_TTL_SECS * 1000)
    return DONE
  }

  async load(sessionId: RecordId): Promise<StorageResult<SessionRecord | null>> {
    const id = readRecordId(sessionId, 'sessionId')
    if (id instanceof InvalidArgument) return refused('load-session', id)
    const record = this.#records.get(id)
    return found(record === undefined ? null : { ...record.value })
  }

  async delete(sessionId: RecordId): Promise<StorageResult<undefined>> {
    const id = readRecordId(sessionId, 'sessionId')
    if (id instanceof InvalidArgument) return refused('delete-session', id)
    this.#records.delete(id)
    return DONE
  }
}
