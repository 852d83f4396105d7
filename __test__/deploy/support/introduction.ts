// Raw connections to deployed servers and sentinels, with what the state of a deployment holds.

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'

import { RespClient } from '../../support/resp.js'

/** How a client introduces itself: with which certificate, and as whom. */
export interface Introduction {
  readonly certificate?: boolean
  readonly user?: 'indelible' | 'operator'
}

/** Connects to a port of this machine with the certificates and passwords in the folder `state`. */
export async function connectTo(
  port: number,
  state: string,
  { certificate = true, user }: Introduction = {},
): Promise<RespClient> {
  const file = (name: string): Promise<Buffer> => readFile(join(state, 'client', name))
  const identity = certificate ? { cert: await file('client.crt'), key: await file('client.key') } : {}
  const socket = connectTls({ host: '127.0.0.1', port, ca: await file('ca.crt'), ...identity })
  await greeted(socket)
  const client = new RespClient(socket, port)
  if (user === undefined) return client
  try {
    const password = await readFile(
      join(state, user === 'operator' ? 'operator' : 'client', 'password'),
      'utf8',
    )
    await client.send('AUTH', user, password.trim())
    return client
  } catch (error) {
    await client[Symbol.asyncDispose]()
    throw error
  }
}

/** Waits for the handshake; a connection that ends before it is an error, whichever event says so. */
async function greeted(socket: TLSSocket): Promise<void> {
  const waiting = new AbortController()
  const closed = once(socket, 'close', { signal: waiting.signal }).then(() => {
    throw new Error('the server closed the connection')
  })
  try {
    await Promise.race([once(socket, 'secureConnect', { signal: waiting.signal }), closed])
  } finally {
    closed.catch(() => {}) // told already, or of no interest any more
    waiting.abort()
  }
}
