// The stores under test and what their answers must look like.

import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { type StoreError } from 'indelible'
import { type RedisStorageConfig, type StorageResult, RedisBackend } from 'indelible/storage'
import { onTestFinished } from 'vitest'

import { connect } from '../../support/resp.js'

/** D of docs/compatibility.md at the default settings, in milliseconds. */
export const DEADLINE_MS = 1_550

/** A backend for `server`, which is anything with a URL; closed when the test ends. */
export async function openBackend(
  server: { readonly url: string },
  config: RedisStorageConfig = {},
): Promise<RedisBackend> {
  const backend = await RedisBackend.connect({ url: server.url, ...config })
  onTestFinished(() => backend.close())
  return backend
}

/**
 * Answers what tells the ids of the connections that our engines open to a server from now on; those that are open may be of
 * the test before, and still going.
 */
export async function watchConnections({
  port,
}: {
  readonly port: number
}): Promise<() => Promise<string[]>> {
  const list = async (): Promise<string[]> => {
    await using admin = await connect(port)
    const lines = String(await admin.send('CLIENT', 'LIST')).split('\n')
    return lines
      .filter((line) => line.includes(' name=indelible '))
      .map((line) => line.split(' ', 1)[0] ?? '')
  }
  const before = await list()
  return async () => (await list()).filter((id) => !before.includes(id))
}

/** 16 bytes as 32 lower-case hexadecimal characters, new each time. */
export function freshId(): string {
  return randomBytes(16).toString('hex')
}

/** A key of a counter, new each time. */
export function freshKey(): string {
  return `test-${randomUUID()}`
}

/** The value of a result that must be ok. */
export function valueOf<Value>(result: StorageResult<Value>): Value {
  if (!result.ok) throw result.error
  return result.value
}

/** The error of a result that must be a failure. */
export function failureOf(result: StorageResult<unknown>): StoreError {
  if (result.ok) throw new Error('expected a failure, found ok')
  if ('value' in result) throw new Error('a failure must carry no value')
  return result.error
}

interface Hash {
  readonly agent_id?: { readonly bytesHex: string }
  readonly started_at_ns?: string
}

/** The shape of `vectors/storage.json`. */
export interface StorageVectors {
  readonly session: {
    readonly record: { readonly sessionId: string; readonly agentId: string; readonly startedAtNs: string }
    readonly key: string
    readonly hash: Required<Hash>
    readonly ttlSeconds: number
    readonly unreadable: readonly { readonly hash: Hash; readonly outcome: 'not-found' | 'undecodable' }[]
  }
  readonly rateLimit: {
    readonly keys: readonly { readonly key: string; readonly redisKey: string }[]
    readonly sequence: readonly {
      readonly op: 'current' | 'increment' | 'reset'
      readonly amount?: string
      readonly windowSecs?: number
      readonly expect?: string
      readonly ttlStaysNear?: number
    }[]
    readonly unreadable: readonly string[]
  }
  readonly policy: {
    readonly agentId: string
    readonly key: string
    readonly json: string
    readonly defaultTtlSeconds: number
    readonly readable: readonly string[]
    readonly unreadable: readonly string[]
  }
}

export const VECTORS = JSON.parse(
  readFileSync(new URL('../../vectors/storage.json', import.meta.url), 'utf8'),
) as StorageVectors
