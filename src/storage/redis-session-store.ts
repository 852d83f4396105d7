import { InvalidArgument } from '../invalid-argument.js'
import { failed } from '../results.js'
import type { Pool } from './pool.js'
import { readRecordId } from './record-id.js'
import type { RecordId } from './record-id.js'
import { readSessionRecord } from './session-store.js'
import type { NewSessionRecord, SessionRecord, SessionStore } from './session-store.js'
import { DONE, found, refused } from './storage-result.js'
import type { StorageResult } from './storage-result.js'

/** The engine's answer to a load: the agent's id and the time. */
const RECORD = /^([0-9a-f]{32}) (\d{1,20})$/

/** Session records in the server that a {@link Pool} leads to, under `aa:session:`. */
export class RedisSessionStore implements SessionStore {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async save(record: NewSessionRecord): Promise<StorageResult<undefined>> {
    const refusal = this.#pool.refusal('save-session')
    if (refusal !== undefined) return refusal
    const read = readSessionRecord(record)
    if (read instanceof InvalidArgument) return refused('save-session', read)
    const args = [read.agentId, String(read.startedAtNs)]
    const result = await this.#pool.exchange('save-session', read.sessionId, args)
    return result.ok ? DONE : result
  }

  async load(sessionId: RecordId): Promise<StorageResult<SessionRecord | null>> {
    const refusal = this.#pool.refusal('load-session')
    if (refusal !== undefined) return refusal
    const id = readRecordId(sessionId, 'sessionId')
    if (id instanceof InvalidArgument) return refused('load-session', id)
    const result = await this.#pool.exchange('load-session', id)
    if (!result.ok) return result
    return result.value === undefined ? found(null) : decode(id, result.value)
  }

  async delete(sessionId: RecordId): Promise<StorageResult<undefined>> {
    const refusal = this.#pool.refusal('delete-session')
    if (refusal !== undefined) return refusal
    const id = readRecordId(sessionId, 'sessionId')
    if (id instanceof InvalidArgument) return refused('delete-session', id)
    const result = await this.#pool.exchange('delete-session', id)
    return result.ok ? DONE : result
  }
}

function decode(sessionId: string, text: string): StorageResult<SessionRecord> {
  const [, agentId, startedAtNs] = RECORD.exec(text) ?? []
  if (agentId === undefined || startedAtNs === undefined) {
    return failed({ code: 'ERR_STORE_INTERNAL', operation: 'load-session' })
  }
  return found({ sessionId, agentId, startedAtNs: BigInt(startedAtNs) })
}
