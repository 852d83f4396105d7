// Brings a checkout to where it can run: installs the npm packages, builds the addon and compiles the TypeScript,
// each only when what it is made of has changed. Every other script begins here, so that any of them works as the
// first command in a fresh clone.
//
//   node scripts/bootstrap.mjs             as fast as possible (what tests and demo run)
//   node scripts/bootstrap.mjs --release   the addon as it is shipped (what bench and packages use)

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { ROOT, command, outputOf, script } from './command.mjs'

const NODE = [20, 19]
const RUST = [1, 95]

/** What the addon is made of: files and folders, relative to the root. */
export const ADDON_INPUTS = [
  ...['Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', 'crates/indelible-node/build.rs'],
  ...['core', 'valkey', 'node'].flatMap((name) => [
    `crates/indelible-${name}/Cargo.toml`,
    `crates/indelible-${name}/src`,
  ]),
]

/** How `cargo` builds the addon: `fast` for tests, `release` as shipped. A release build serves both. */
/** @typedef {'fast' | 'release'} Profile */

/**
 * @param {{ profile?: Profile, log?: (line: string) => void }} [options]
 */
export async function bootstrap({
  profile = 'fast',
  log = (line) => process.stderr.write(`${line}\n`),
} = {}) {
  checkNode()
  await install(ROOT, log)
  await buildAddon(profile, log)
  await compile('.', ['src', 'tsconfig.json'], log)
  await compile('gateway', ['gateway/src', 'gateway/tsconfig.json', 'src', 'index.d.ts'], log)
}

/**
 * Installs in `folder` what its lock file says, unless that is there already. Not by `npm ci`: it refuses a lock file
 * that was written where the registry lacked the binaries of another platform.
 * @param {string} folder
 * @param {(line: string) => void} log
 */
export async function install(folder, log) {
  /** @typedef {{ packages: Record<string, { version?: string, optional?: boolean, link?: boolean }> }} Lock */
  /** @type {(path: string) => Promise<Lock>} */
  const read = async (path) => JSON.parse(await readFile(join(folder, path), 'utf8'))
  const wanted = await read('package-lock.json')
  const present = await read('node_modules/.package-lock.json').catch(() => undefined)
  const stale = Object.entries(wanted.packages).some(([path, { version, optional, link }]) => {
    if (!path.includes('node_modules/') || optional || link) return false // optional: not for this platform
    return present?.packages[path]?.version !== version
  })
  if (!stale) return
  log(`installing the npm packages of ${relative(ROOT, folder) || 'the project'}`)
  await command('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
  })
}

/**
 * @param {Profile} profile
 * @param {(line: string) => void} log
 */
async function buildAddon(profile, log) {
  const stamp = new Stamp('addon', await fingerprint(ADDON_INPUTS))
  const built = (await readdir(join(ROOT, 'native')).catch(() => [])).some((file) => file.endsWith('.node'))
  if (built && ((await stamp.holds('release')) || (profile === 'fast' && (await stamp.holds('fast'))))) return
  await checkRust()
  log(`building the addon (${profile}); the first time takes a few minutes`)
  await buildNative(profile, 'native')
  await stamp.set(profile)
}

/**
 * How the addon in native/ was built; undefined when it is not there or not of the present sources.
 * @returns {Promise<Profile | undefined>}
 */
export async function builtProfile() {
  const stamp = new Stamp('addon', await fingerprint(ADDON_INPUTS))
  if (await stamp.holds('release')) return 'release'
  return (await stamp.holds('fast')) ? 'fast' : undefined
}

/**
 * Builds the addon with its generated loader and types into `folder`.
 * @param {Profile} profile
 * @param {string} folder   relative to the root
 * @param {readonly string[]} [features]   cargo features beyond the default ones
 */
export async function buildNative(profile, folder, features = []) {
  await command('napi', [
    ...['build', '--platform', '--profile', profile, '-p', 'indelible-node'],
    ...['--manifest-path', 'Cargo.toml', '--esm', '--js', 'index.js', '--dts', 'index.d.ts', '-o', folder],
    ...(features.length === 0 ? [] : ['--features', features.join(',')]),
  ])
}

/**
 * Compiles the project in `folder` into its `dist`, from scratch: nothing of a deleted source stays behind.
 * @param {string} folder
 * @param {readonly string[]} inputs
 * @param {(line: string) => void} log
 */
async function compile(folder, inputs, log) {
  const dist = join(ROOT, folder, 'dist')
  const stamp = new Stamp(
    folder === '.' ? 'package' : folder,
    await fingerprint([...inputs, 'package-lock.json']),
  )
  if (existsSync(dist) && (await stamp.holds('tsc'))) return
  log(`compiling ${folder === '.' ? 'the package' : folder}`)
  await rm(dist, { recursive: true, force: true })
  await command('tsc', ['-p', join(folder, 'tsconfig.json')])
  await stamp.set('tsc')
}

/** A note on what was built last: how, and out of what. */
class Stamp {
  /**
   * @param {string} name
   * @param {string} inputs   their fingerprint
   */
  constructor(name, inputs) {
    this.file = join(ROOT, '.cache', 'built', name)
    this.inputs = inputs
  }

  /** @param {string} how */
  async holds(how) {
    return (await readFile(this.file, 'utf8').catch(() => '')) === `${how} ${this.inputs}\n`
  }

  /** @param {string} how */
  async set(how) {
    await mkdir(dirname(this.file), { recursive: true })
    await writeFile(this.file, `${how} ${this.inputs}\n`)
  }
}

/**
 * A hash over names and contents: times say nothing after a checkout.
 * @param {readonly string[]} paths   files and folders, relative to the root; folders count with all they hold
 */
export async function fingerprint(paths) {
  const hash = createHash('sha256')
  for (const path of paths) {
    for (const file of await filesUnder(path)) {
      hash.update(`${file}\0`).update(await readFile(join(ROOT, file)))
    }
  }
  return hash.digest('hex')
}

/**
 * @param {string} path
 * @returns {Promise<string[]>}
 */
async function filesUnder(path) {
  const entries = await readdir(join(ROOT, path), { recursive: true, withFileTypes: true }).catch(
    () => undefined,
  )
  if (entries === undefined) return [path]
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort()
}

function checkNode() {
  if (isBelow(process.versions.node, NODE)) {
    throw new Error(`Node.js ${NODE.join('.')} or newer is needed, this is ${process.versions.node}`)
  }
}

async function checkRust() {
  const version = /^cargo (\S+)/.exec((await outputOf('cargo', ['--version'])) ?? '')?.[1]
  if (version === undefined || isBelow(version, RUST)) {
    throw new Error(
      `the addon is built with Rust ${RUST.join('.')} or newer, and \`cargo --version\` says ` +
        `${version ?? 'nothing'} here: install it with rustup`,
    )
  }
}

/**
 * @param {string} version
 * @param {readonly number[]} least
 */
function isBelow(version, [major = 0, minor = 0]) {
  const [ourMajor = 0, ourMinor = 0] = version.split('.').map(Number)
  return ourMajor < major || (ourMajor === major && ourMinor < minor)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { release: { type: 'boolean', default: false } } })
  await script(() => bootstrap({ profile: values.release ? 'release' : 'fast' }))
}
