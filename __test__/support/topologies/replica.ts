// A replica that follows its primary live.

import { type TestServer, startServer } from '../../../scripts/test-server.mjs'
import { type RespClient, connect } from '../resp.js'
import { until } from './until.js'

/** How long a replica may take to confirm one write, in milliseconds; then it is asked about another. */
const CONFIRMATION_MS = 1_000

/** Starts a replica that finds `primary` at `port`, and returns once a write reaches it as soon as it is made. */
export async function startReplica(primary: TestServer, port: number = primary.port): Promise<TestServer> {
  await using admin = await connect(primary.port)
  // Otherwise the primary waits five seconds for further replicas.
  await admin.send('CONFIG', 'SET', 'repl-diskless-sync-delay', '0')
  const replica = await startServer({ args: ['--replicaof', '127.0.0.1', String(port)] })
  await until('a replica in step', async () => takeWritesAsMade(admin, 1))
  return replica
}

/** Whether that many replicas confirm what is written at `primary`, without a snapshot in between. */
export async function takeWritesAsMade(primary: RespClient, replicas: number): Promise<boolean> {
  const confirmed = async (): Promise<boolean> => {
    await primary.send('SET', 'in-step', '1', 'PX', '1')
    return (await primary.send('WAIT', String(replicas), String(CONFIRMATION_MS))) === replicas
  }
  // The first may have come with the snapshot, and Valkey takes up to a second more to begin with the stream.
  return (await confirmed()) && (await confirmed())
}
