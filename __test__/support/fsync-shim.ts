// A server on a disk that loses what was not synced when its power is cut. Killing a process does not show that: what
// it wrote stands in the kernel's cache and survives it.

import { mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { type ServerOptions, type TestServer, startServer } from '../../scripts/test-server.mjs'
import { compileShim } from './shim.js'

const SOURCE = fileURLToPath(new URL('fsync-shim.c', import.meta.url))
/** The file that a server appends its commands to: the one that carries what was acknowledged. */
const APPENDED_FILE = '.incr.aof'

/** How long a sync takes, in milliseconds, or the number of the error that it ends with. */
export type DiskTrouble = { readonly delayMs: number } | { readonly errno: number }

/** A server whose appended file is on such a disk. */
export class PowerCutServer implements AsyncDisposable {
  readonly #scratch: string
  readonly server: TestServer

  /** Starts a server with an appended file; `appendfsync` decides when it is synced. */
  static async start(
    appendfsync: 'always' | 'everysec' | 'no',
    options: Pick<ServerOptions, 'config' | 'file'> = {},
  ): Promise<PowerCutServer> {
    const scratch = await mkdtemp(join(tmpdir(), 'indelible-fsync-'))
    try {
      const library = await compileShim(SOURCE, scratch)
      const server = await startServer({
        ...options,
        config: { ...options.config, appendonly: 'yes', appendfsync },
        env: {
          LD_PRELOAD: library,
          FSYNC_SHIM_LOG: join(scratch, 'synced'),
          FSYNC_SHIM_CONTROL: join(scratch, 'trouble'),
          FSYNC_SHIM_SUFFIX: APPENDED_FILE,
        },
      })
      return new PowerCutServer(scratch, server)
    } catch (error) {
      await rm(scratch, { recursive: true, force: true })
      throw error
    }
  }

  private constructor(scratch: string, server: TestServer) {
    this.#scratch = scratch
    this.server = server
  }

  /** From the next sync on. */
  async trouble(trouble: DiskTrouble): Promise<void> {
    const order = 'errno' in trouble ? `errno ${trouble.errno}` : `delay ${trouble.delayMs}`
    await writeFile(join(this.#scratch, 'trouble'), order)
  }

  /** How many syncs have ended well. */
  async syncs(): Promise<number> {
    return (await this.#log()).length
  }

  /** Ends the server as a power cut does, and brings it back on a sound disk with what had been synced. */
  async cutPower(): Promise<void> {
    await this.server.stop('SIGKILL')
    const synced = new Map((await this.#log()).map(({ path, bytes }) => [basename(path), bytes]))
    const folder = join(this.server.dir, 'appendonlydir')
    for (const file of await readdir(folder)) {
      if (file.endsWith(APPENDED_FILE)) await truncate(join(folder, file), synced.get(file) ?? 0)
    }
    await rm(join(this.#scratch, 'trouble'), { force: true })
    await this.server.restart()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
    await rm(this.#scratch, { recursive: true, force: true })
  }

  /** Every sync that ended well, in order. */
  async #log(): Promise<{ readonly path: string; readonly bytes: number }[]> {
    const text = await readFile(join(this.#scratch, 'synced'), 'utf8').catch(() => '')
    return Array.from(text.matchAll(/^(\d+) (.+)$/gm), ([, bytes, path = '']) => ({
      path,
      bytes: Number(bytes),
    }))
  }
}
