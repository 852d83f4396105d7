// The compose file of deploy/, booted in a folder of its own.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { RespClient } from '../../support/resp.js'

const run = promisify(execFile)
const SOURCE = fileURLToPath(new URL('../../../deploy/', import.meta.url))

/** How a client introduces itself: with which certificate, and as whom. */
export interface Introduction {
  readonly certificate?: boolean
  readonly user?: 'indelible' | 'operator'
}

/** The words that run Compose on this machine: version 2 as a plug-in of the engine, or 1.29. Rejects without either. */
export async function composeCommand(): Promise<readonly [string, ...string[]]> {
  await run('docker', ['info'])
  const isPlugin = await run('docker', ['compose', 'version']).then(
    () => true,
    () => false,
  )
  if (isPlugin) return ['docker', 'compose']
  await run('docker-compose', ['version'])
  return ['docker-compose']
}

/** A running deployment; everything of it is gone after disposal. Made by `Deployment.start`. */
export class Deployment implements AsyncDisposable {
  readonly #compose: readonly [string, ...string[]]
  readonly #env: NodeJS.ProcessEnv
  /** A copy of deploy/, in which its state comes about. */
  readonly folder: string
  #port = 0

  /** Boots the compose file with `image` for both services, on a free port. */
  static async start(image: string): Promise<Deployment> {
    const compose = await composeCommand()
    const folder = await mkdtemp(join(tmpdir(), 'indelible-deploy-'))
    await cp(SOURCE, folder, {
      recursive: true,
      filter: (path) => !path.startsWith(join(SOURCE, 'state', '/')),
    })
    const deployment = new Deployment(compose, folder, image)
    try {
      await deployment.up()
      return deployment
    } catch (error) {
      await deployment[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(compose: readonly [string, ...string[]], folder: string, image: string) {
    this.#compose = compose
    this.folder = folder
    this.#env = {
      ...process.env,
      VALKEY_IMAGE: image,
      OPENSSL_IMAGE: image,
      LISTEN: '127.0.0.1:0',
      COMPOSE_PROJECT_NAME: folder.slice(folder.lastIndexOf('/') + 1).toLowerCase(),
    }
  }

  /** The published port. */
  get port(): number {
    return this.#port
  }

  /** Starts what does not run; resolves when the server answers. */
  async up(): Promise<void> {
    await this.#run('up', '-d')
    const published = await this.#run('port', 'valkey', '6379')
    this.#port = Number(published.trim().slice(published.lastIndexOf(':') + 1))
    for (let attempt = 1; ; attempt++) {
      const admin = await this.connect({ user: 'operator' }).catch((error: unknown) => {
        if (attempt === 100) throw error
      })
      if (admin !== undefined) return admin[Symbol.asyncDispose]()
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Kills the server as a power cut would, without a word to it. */
  async kill(): Promise<void> {
    await this.#run('kill', '-s', 'KILL', 'valkey')
  }

  /** A file of the deployment's state. */
  path(...names: readonly string[]): string {
    return join(this.folder, 'state', ...names)
  }

  /** A raw connection, as a gateway of this deployment unless told otherwise. */
  async connect({ certificate = true, user }: Introduction = {}): Promise<RespClient> {
    const file = (name: string): Promise<Buffer> => readFile(this.path('client', name))
    const identity = certificate ? { cert: await file('client.crt'), key: await file('client.key') } : {}
    const socket = connectTls({ host: '127.0.0.1', port: this.#port, ca: await file('ca.crt'), ...identity })
    await greeted(socket)
    const client = new RespClient(socket, this.#port)
    if (user === undefined) return client
    try {
      const password = await readFile(
        this.path(user === 'operator' ? 'operator' : 'client', 'password'),
        'utf8',
      )
      await client.send('AUTH', user, password.trim())
      return client
    } catch (error) {
      await client[Symbol.asyncDispose]()
      throw error
    }
  }

  async #run(...args: readonly string[]): Promise<string> {
    const [command, ...words] = this.#compose
    const { stdout } = await run(command, [...words, ...args], { cwd: this.folder, env: this.#env })
    return stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run('down', '--volumes', '--timeout', '1')
    await rm(this.folder, { recursive: true, force: true })
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
