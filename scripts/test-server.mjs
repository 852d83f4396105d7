// A real Valkey or Redis server for tests, demo and bench: its own temporary folder, a free loopback port, gone when
// the process that started it is gone. Also a command: `node scripts/test-server.mjs find`.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { CONTAINER_WRAPPER, findServer } from './server-ladder.mjs'

export { CONTAINER_IMAGE, NoServerError, findServer } from './server-ladder.mjs'

const HOST = '127.0.0.1'
/** Its name in the server's folder. */
const CONFIG_FILE = 'server.conf'
/** How long a server may take to answer its first PING, in milliseconds; LOADING an append-only file counts. */
const START_LIMIT_MS = 20_000
/** How long a server may take to obey SIGTERM before it is killed, in milliseconds. */
const STOP_LIMIT_MS = 10_000

/**
 * @typedef {object} ServerOptions
 * @property {readonly string[]} [args]   extra command-line arguments, after ours (the last one of a name wins)
 * @property {Readonly<Record<string, string | number>>} [config]   server settings, e.g. `{ appendonly: 'yes' }`
 * @property {string} [dir]    working folder, kept afterwards; default: a temporary one, removed at the end
 * @property {number} [port]   default: a free one
 * @property {NodeJS.ProcessEnv} [env]   added to the server's environment
 * @property {import('./server-ladder.mjs').FoundServer} [server]   default: what the ladder finds
 * @property {readonly string[]} [file]   lines of a configuration file, read before all of these; a server that keeps
 *   what it learns, as a sentinel does, rewrites it
 */

/**
 * Starts a server and waits until it answers.
 * @param {ServerOptions} [options]
 * @returns {Promise<TestServer>}
 */
export async function startServer(options = {}) {
  const found = options.server ?? (await findServer())
  const dir =
    options.dir === undefined ? await mkdtemp(join(tmpdir(), 'indelible-server-')) : resolve(options.dir)
  await mkdir(dir, { recursive: true })
  if (options.file !== undefined) await writeFile(join(dir, CONFIG_FILE), `${options.file.join('\n')}\n`)
  // Between asking for a free port and binding it, somebody else may take it: then another one is as good.
  for (let attempt = 1; ; attempt++) {
    const server = new TestServer(found, options.port ?? (await freePort()), dir, options)
    try {
      await server.restart()
      return server
    } catch (error) {
      const portTaken = error instanceof Error && /address already in use/i.test(error.message)
      if (portTaken && options.port === undefined && attempt < 5) continue
      await server[Symbol.asyncDispose]()
      throw error
    }
  }
}

/** One server process, restartable on the same port and folder. Made by `startServer`. */
export class TestServer {
  /** @type {ServerOptions} */ #options
  /** @type {import('./server-ladder.mjs').FoundServer} */ #found
  /** @type {import('node:child_process').ChildProcess | undefined} */ #process
  /** The server's own process: not that of `docker run`, when it is in a container. */
  #pid = 0
  /** @type {() => void} */ #atExit

  /**
   * @param {import('./server-ladder.mjs').FoundServer} found
   * @param {number} port
   * @param {string} dir
   * @param {ServerOptions} options
   */
  constructor(found, port, dir, options) {
    this.#found = found
    this.#options = options
    this.host = HOST
    this.port = port
    this.dir = dir
    this.kind = found.kind
    this.version = found.version
    this.url = `redis://${HOST}:${port}`
    this.#atExit = () => {
      this.#signal('SIGKILL')
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true })
    }
    process.once('exit', this.#atExit)
  }

  /** Process id of the running server. Throws when it is stopped. */
  get pid() {
    if (this.#process === undefined) throw new Error('the test server is not running')
    return this.#pid
  }

  /** Stops it if it runs, then starts it on the same port over the same folder and waits until it answers. */
  async restart() {
    await this.stop()
    const log = join(this.dir, 'server.log')
    const out = await open(log, 'a')
    const child = spawn(this.#found.path, this.#arguments(), {
      cwd: this.dir,
      env: { ...process.env, ...this.#options.env },
      stdio: ['ignore', out.fd, out.fd],
    })
    await Promise.all([once(child, 'spawn'), out.close()])
    this.#process = child
    this.#pid = child.pid ?? 0
    try {
      // The one in a container is no child of ours.
      const own = this.#found.path.endsWith(CONTAINER_WRAPPER) ? undefined : child.pid
      this.#pid = (await answering(child, this.port, own)) ?? this.#pid
      watch(child, this.#pid, this.#options.dir === undefined ? this.dir : undefined)
      child.unref() // an idle server is no reason for this process to stay
    } catch (cause) {
      const tail = (await readFile(log, 'utf8')).trim().split('\n').slice(-5).join('\n')
      await this.stop('SIGKILL')
      throw new Error(`${this.#found.path} did not come up on port ${this.port}:\n${tail}`, { cause })
    }
  }

  /**
   * Ends the server with `signal`, SIGKILL if it has not obeyed after 10 seconds. Does nothing when it is stopped.
   * @param {NodeJS.Signals} [signal]
   */
  async stop(signal = 'SIGTERM') {
    const child = this.#process
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.ref()
      const exited = once(child, 'exit')
      this.#signal('SIGCONT') // a frozen process would keep the signal for later
      this.#signal(signal)
      const timer = setTimeout(() => this.#signal('SIGKILL'), STOP_LIMIT_MS)
      await exited
      clearTimeout(timer)
    }
    this.#process = undefined
  }

  /** Suspends the process (SIGSTOP): connections stay open and nothing is answered. */
  freeze() {
    this.#signal('SIGSTOP')
  }

  /** Lets a frozen process run on. */
  thaw() {
    this.#signal('SIGCONT')
  }

  /** Kills the server and removes its folder, unless the caller chose the folder. */
  async [Symbol.asyncDispose]() {
    await this.stop('SIGKILL')
    process.removeListener('exit', this.#atExit)
    if (this.#options.dir === undefined) await rm(this.dir, { recursive: true, force: true })
  }

  /** @param {NodeJS.Signals} signal */
  #signal(signal) {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    try {
      process.kill(this.#pid, signal)
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error // gone by itself meanwhile
    }
  }

  #arguments() {
    const own = { port: this.port, bind: HOST, dir: this.dir, daemonize: 'no', save: '', appendonly: 'no' }
    const settings = Object.entries({ ...own, ...this.#options.config })
    return [
      ...(this.#options.file === undefined ? [] : [join(this.dir, CONFIG_FILE)]),
      ...settings.flatMap(([name, value]) => [`--${name}`, String(value)]),
      ...(this.#options.args ?? []),
    ]
  }
}

/**
 * Kills process `pid` and removes `folder` as soon as this process is gone, however it went: the pipe that only we hold
 * open then ends.
 * @param {import('node:child_process').ChildProcess} child   while it lives, there is something to guard
 * @param {number} pid
 * @param {string | undefined} folder
 */
function watch(child, pid, folder) {
  const script = 'read -r _; kill -9 "$0" 2>/dev/null; [ -z "$1" ] || rm -rf -- "$1"'
  const watchdog = spawn('/bin/sh', ['-c', script, `${pid}`, folder ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // not reached by a Ctrl-C that ends us
  })
  watchdog.unref()
  watchdog.stdin.on('error', () => undefined) // it ended first: nothing left to guard
  const pipe = /** @type {import('node:net').Socket} */ (watchdog.stdin)
  pipe.unref()
  child.once('exit', () => watchdog.kill('SIGKILL'))
}

/**
 * Resolves when the server on `port` tells its process id, or refuses to. What another process answers there (a proxy of
 * another test, say, that speaks TLS) counts for nothing: then ours is about to find out that the port is taken.
 * @param {import('node:child_process').ChildProcess} child
 * @param {number} port
 * @param {number | undefined} own   the process id that it must have, if that is known
 * @returns {Promise<number | undefined>} the server's process id, unless it wants to see credentials first
 */
async function answering(child, port, own) {
  const limit = Date.now() + START_LIMIT_MS
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the server process ended')
    const reply = await ask(port).catch(() => '-LOADING not even listening')
    const pid = /^process_id:(\d+)/m.exec(reply)?.[1]
    if (pid !== undefined && (own === undefined || Number(pid) === own)) return Number(pid)
    if (reply.startsWith('-') && !reply.startsWith('-LOADING')) return undefined
    if (Date.now() > limit) throw new Error(`no answer within ${START_LIMIT_MS} ms`)
    await delay(10)
  }
}

/**
 * @param {number} port
 * @returns {Promise<string>} the reply to INFO as far as the process id, or its first line when that is an error
 */
async function ask(port) {
  const socket = connect({ port, host: HOST })
  socket.setTimeout(1_000, () => socket.destroy(new Error('silent')))
  let reply = ''
  try {
    socket.write('INFO server\r\n')
    for await (const bytes of socket) {
      reply += String(bytes)
      if (reply.startsWith('-') ? reply.endsWith('\r\n') : /^process_id:\d+\r/m.test(reply)) break
    }
    return reply
  } finally {
    socket.destroy()
  }
}

/**
 * A loopback port that nobody listens on at the moment, for whoever has to know it before a server takes it.
 * @returns {Promise<number>}
 */
export async function freePort() {
  const probe = createServer().listen(0, HOST)
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] !== 'find') {
    process.stderr.write('usage: node scripts/test-server.mjs find\n')
    process.exitCode = 2
  } else {
    try {
      process.stdout.write(`${JSON.stringify(await findServer())}\n`)
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = 1
    }
  }
}
