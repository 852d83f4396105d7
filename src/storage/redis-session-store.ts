import { InvalidArgument } from '../invalid-argument.js'
import { failed } from '../results.js'
import { NONE } from './pool.js'
import type { Pool } from './pool.js'
import { readRecordId } from './record-id.js'
import type { RecordId } from './record-id.js'
import { readSessionRecord } from './session-store.js'
import type { NewSessionRecord, SessionRecord, SessionStore } from './session-store.js'
import { found, refused } from './storage-result.js'
import type { StorageResult } from './storage-result.js'

/** The engine's answer to a load: the agent's id and the time. */
const RECORD = /^([0-9a-f]{32}) (\d{1,20})$/

/** Session records in the server that a {@link Pool} leads to, under `aa:session:`. */
export class RedisSessionStore implements SessionStore {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  save(record: NewSessionRecord): Promise<StorageResult<undefined>> {
    const refusal = this.#pool.refusal('save-session')
    if (refusal !== undefined) return Promise.resolve(refusal)
    const read = readSessionRecord(record)
    if (read instanceof InvalidArgument) return Promise.resolve(refused('save-session', read))
    return this.#pool.write('save-session', read.sessionId, [read.agentId, String(read.startedAtNs)])
  }

  load(sessionId: RecordId): Promise<StorageResult<SessionRecord | null>> {
    const refusal = this.#pool.refusal('load-session')
    if (refusal !== undefined) return Promise.resolve(refusal)
    const id = readRecordId(sessionId, 'sessionId')
    if (id instanceof InvalidArgument) return Promise.resolve(refused('load-session', id))
    return this.#pool.ask('load-session', id, NONE, (text) => decode(id, text))
  }

  delete(sessionId: RecordId): Promise<StorageResult<undefined>> {
    const refusal = this.#pool.refusal('delete-session')
    if (refusal !== undefined) return Promise.resolve(refusal)
    const id = readRecordId(sessionId, 'sessionId')
    if (id instanceof InvalidArgument) return Promise.resolve(refused('delete-session', id))
    return this.#pool.write('delete-session', id)
  }
}

function decode(sessionId: string, text: string | undefined): StorageResult<SessionRecord | null> {
  if (text === undefined) return found(null)
  const [, agentId, startedAtNs] = RECORD.exec(text) ?? []
  if (agentId === undefined || startedAtNs === undefined) {
    return failed({ code: 'ERR_STORE_INTERNAL', operation: 'load-session' })
  }
  return found({ sessionId, agentId, startedAtNs: BigInt(startedAtNs) })
}
