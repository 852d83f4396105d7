// What a user gets: the package and its prebuilt addon, packed as a release packs them, installed from a registry into
// an empty project, without a compiler and without install scripts.

import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type Manifest, Registry } from '../support/registry.js'
import { ownServer } from '../support/servers.js'

const run = promisify(execFile)
const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const PLATFORM_PACKAGE = 'indelible-linux-x64-gnu'

/** The only platform that has a package so far. */
const supported =
  process.platform === 'linux' &&
  process.arch === 'x64' &&
  'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header

describe.runIf(supported)('installing the prebuilt package', () => {
  const server = ownServer()
  let scratch: string
  let registry: Registry

  beforeAll(async () => {
    scratch = await realpath(await mkdtemp(join(tmpdir(), 'indelible-install-')))
    registry = await Registry.open()
    for (const folder of await releaseFolders(join(scratch, 'release'))) {
      const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest
      await npm(folder, ['pack', '--ignore-scripts', '--pack-destination', scratch], process.env)
      await registry.publish(manifest, join(scratch, `${manifest.name}-${manifest.version}.tgz`))
    }
  })
  afterAll(async () => {
    await registry[Symbol.asyncDispose]()
    await rm(scratch, { recursive: true, force: true })
  })

  /** An empty project with the package installed, and an environment that holds nothing of ours. */
  async function install(...flags: readonly string[]): Promise<{ project: string; env: NodeJS.ProcessEnv }> {
    const home = join(scratch, randomUUID())
    const [project, bin] = [join(home, 'project'), join(home, 'bin')]
    await mkdir(project, { recursive: true })
    await mkdir(bin)
    await symlink(process.execPath, join(bin, 'node'))
    const env = { HOME: home, PATH: bin } // no compiler, no cargo, not even a shell
    await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }')
    const source = ['--registry', registry.url, '--cache', join(home, 'cache')]
    await npm(project, ['install', 'indelible', '--ignore-scripts', '--no-audit', ...source, ...flags], env)
    return { project, env }
  }

  test('one command brings both packages and nothing else; then it loads, appends and loads', async () => {
    const { project, env } = await install()
    expect(await installed(project)).toEqual(['indelible', PLATFORM_PACKAGE])

    await writeFile(
      join(project, 'use.js'),
      `import { openSessionStore } from 'indelible'
      const [endpoint, session] = process.argv.slice(2)
      const store = await openSessionStore({ kind: 'valkey', endpoint })
      const before = await store.loadLabels(session)
      const append = await store.appendLabels(session, ['PII'])
      const after = await store.loadLabels(session)
      await store.close()
      console.log(JSON.stringify([before, append, after]))`,
    )
    const { stdout } = await run(process.execPath, ['use.js', server().url, randomUUID()], {
      cwd: project,
      env,
    })
    expect(JSON.parse(stdout)).toEqual([
      { ok: true, labels: [] },
      { ok: true },
      { ok: true, labels: ['PII'] },
    ])
  })

  test('require() works on every Node.js version that is supported', async () => {
    const { project, env } = await install()
    const program = "console.log(typeof require('indelible').openSessionStore)"
    const { stdout } = await run(process.execPath, ['--input-type=commonjs', '-e', program], {
      cwd: project,
      env,
    })
    expect(stdout.trim()).toBe('function')
  })

  test('without the platform package: memory works, and Valkey says what is missing and what to do', async () => {
    const { project, env } = await install('--omit=optional')
    expect(await installed(project)).toEqual(['indelible'])
    await writeFile(
      join(project, 'use.js'),
      `import { openSessionStore } from 'indelible'
      const memory = await openSessionStore({ kind: 'memory' })
      const valkey = await openSessionStore({ kind: 'valkey', endpoint: 'localhost:6379' }).catch((error) => error)
      console.log(JSON.stringify([memory.kind, valkey.name, valkey.code, valkey.message]))`,
    )
    const { stdout } = await run(process.execPath, ['use.js'], { cwd: project, env })
    const [kind, name, code, message] = JSON.parse(stdout) as string[]
    expect([kind, name, code]).toEqual(['memory', 'ConfigError', 'ERR_CONFIG_NATIVE_UNAVAILABLE'])
    expect(message).toContain(PLATFORM_PACKAGE)
    expect(message).toContain('linux')
    expect(message).toMatch(/optional/)
  })

  describe('in a program that esbuild makes', () => {
    const PROGRAM = `import { openSessionStore } from 'indelible'
      const store = await openSessionStore({ kind: 'valkey', endpoint: 'localhost:6379' }).catch((error) => error)
      console.log(store.kind ?? [store.code, store.message].join())`

    /** What the program prints, bundled with everything but `external`. */
    async function bundled(external: readonly string[]): Promise<string> {
      const { project, env } = await install()
      await build({
        stdin: { contents: PROGRAM, resolveDir: project },
        outfile: join(project, 'out', 'program.mjs'),
        bundle: true,
        platform: 'node',
        format: 'esm',
        external: [...external],
        logLevel: 'silent',
      })
      return (await run(process.execPath, ['out/program.mjs'], { cwd: project, env })).stdout.trim()
    }

    test('left out of the bundle it works', async () => {
      expect(await bundled(['indelible'])).toBe('valkey')
    })

    test('swallowed by the bundle it says so', async () => {
      const printed = await bundled([])
      expect(printed).toMatch(/^ERR_CONFIG_NATIVE_UNAVAILABLE,/)
      expect(printed).toContain('leave `indelible` out of it')
    })
  })

  test('another platform does not fetch this addon', async () => {
    registry.downloads.length = 0
    await install('--os', 'linux', '--cpu', 'x64', '--libc', 'musl')
    expect(registry.downloads).toEqual(['indelible'])
  })
})

/**
 * A copy of what is published, through the same tool that a release uses: it puts the addon into the platform package
 * and that package into the optional dependencies of ours.
 *
 * @returns the folders to pack.
 */
async function releaseFolders(release: string): Promise<string[]> {
  await mkdir(release)
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { files: string[] }
  const files = new Set(manifest.files.map((pattern) => pattern.split('/', 1)[0] ?? pattern))
  for (const name of [...files, 'package.json', 'README.md', 'LICENSE', 'npm']) {
    await cp(join(ROOT, name), join(release, name), { recursive: true })
  }
  const platform = join(release, 'npm', 'linux-x64-gnu')
  const addon = 'indelible.linux-x64-gnu.node'
  // The gate builds the addon as it is shipped and says where it is; otherwise that of the tests stands in for it.
  const built = process.env['INDELIBLE_RELEASE_ADDON'] ?? join(ROOT, 'native', addon)
  await cp(built, join(platform, addon))
  const napi = join(ROOT, 'node_modules', '.bin', 'napi')
  await run(napi, ['pre-publish', '-t', 'npm', '--no-gh-release', '--skip-optional-publish'], {
    cwd: release,
  })
  return [release, platform]
}

/** The packages in a project's `node_modules`. */
async function installed(project: string): Promise<string[]> {
  return (await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.')).sort()
}

/** Runs npm by the file that it is, so that it needs no shell. */
async function npm(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js')
  await run(process.execPath, [process.env['npm_execpath'] ?? beside, ...args], { cwd, env })
}
