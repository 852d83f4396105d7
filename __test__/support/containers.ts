// Valkey in containers, for what a container engine changes: another kernel view, published ports, a paused node.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { afterAll, beforeAll, beforeEach } from 'vitest'

import { CONTAINER_IMAGE } from '../../scripts/test-server.mjs'

// Its image comes from a registry that not every machine reaches; `sweep` does its work.
process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true'
const { GenericContainer, Wait } = await import('testcontainers')

const docker = async (...args: readonly string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)('docker', args)
  return stdout.trim()
}

/** Names the process that owns a container, so that what a killed test run left behind can be told from what is in use. */
const OWNER = 'org.indelible.owner-pid'

/** True when a missing container engine must fail the run instead of skipping tests. */
const required = process.env['REQUIRE_CONTAINER_TESTS'] === '1'

/** Registers hooks that skip the tests of this file, loudly, on a machine that cannot run the image. */
export function requireContainers(): void {
  let missing: string | undefined
  beforeAll(async () => {
    try {
      await docker('info')
      await docker('image', 'inspect', CONTAINER_IMAGE).catch(() => docker('pull', CONTAINER_IMAGE))
      await sweep()
    } catch (error) {
      if (required) throw error
      missing = `no container engine that runs ${CONTAINER_IMAGE}: ${(error as Error).message.trim()}`
      process.stderr.write(`\nSKIPPED: ${missing}\n`)
    }
  })
  beforeEach((context) => context.skip(missing !== undefined, missing))
  afterAll(async () => missing === undefined && sweep())
}

/** Removes the containers of processes that are gone. */
async function sweep(): Promise<void> {
  const listed = await docker(
    'ps',
    '--all',
    '--filter',
    `label=${OWNER}`,
    '--format',
    `{{.ID}} {{.Label "${OWNER}"}}`,
  )
  for (const line of listed.split('\n').filter(Boolean)) {
    const [id = '', owner] = line.split(' ')
    if (!isAlive(Number(owner))) await docker('rm', '--force', '--volumes', id)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** One Valkey server in a container, reachable on loopback. */
export class ValkeyContainer implements AsyncDisposable {
  readonly #id: string
  readonly #remove: () => Promise<unknown>
  readonly port: number

  /** Starts a server with extra `args`, and resolves when it takes connections. */
  static async start(...args: readonly string[]): Promise<ValkeyContainer> {
    // The published port is the only way in: protected mode would refuse what comes through it.
    const started = await new GenericContainer(CONTAINER_IMAGE)
      .withCommand(['valkey-server', '--protected-mode', 'no', '--save', '', ...args])
      .withExposedPorts(6379)
      .withLabels({ [OWNER]: String(process.pid) })
      .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
      .start()
    return new ValkeyContainer(started.getId(), started.getMappedPort(6379), () => started.stop())
  }

  private constructor(id: string, port: number, remove: () => Promise<unknown>) {
    this.#id = id
    this.port = port
    this.#remove = remove
  }

  /** `redis://127.0.0.1:<published port>` */
  get endpoint(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Suspends every process of the container: connections stay open and nothing is answered. */
  async pause(): Promise<void> {
    await docker('pause', this.#id)
  }

  /** Lets a paused container run on. */
  async unpause(): Promise<void> {
    await docker('unpause', this.#id)
  }

  /** Kills the server; nothing listens on the port any more. */
  async kill(): Promise<void> {
    await docker('kill', this.#id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#remove()
  }
}
