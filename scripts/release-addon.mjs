// Builds the addon for Linux x64 as it is shipped, for an old glibc whatever this machine has, and puts it into its
// package; refuses one that is too large, needs a newer glibc or does not load. What has been built of the same sources
// before is taken from the cache folder.
//
//   node scripts/release-addon.mjs         prints the path of the addon
//
// Needs `cargo-zigbuild`, and Zig as `zig` on the path or where CARGO_ZIGBUILD_ZIG_PATH says (the package `ziglang` of
// PyPI has it).

import { copyFile, mkdir, rename, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { SHIPPED, shippingProblems } from './addon-file.mjs'
import { ADDON_INPUTS, bootstrap, fingerprint } from './bootstrap.mjs'
import { ROOT, command, script } from './command.mjs'

const TARGET = 'x86_64-unknown-linux-gnu'
const FILE = 'indelible.linux-x64-gnu.node'
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'indelible', 'addons')

/** Opens a store, which loads the addon and compares its version with that of the package; dials nothing. */
const LOAD = `
  import { openSessionStore } from 'indelible'
  const store = await openSessionStore({ kind: 'valkey', endpoint: 'localhost:6379' })
  await store.close()
`

await script(async () => {
  await bootstrap()
  const cached = join(CACHE, `${(await fingerprint(ADDON_INPUTS)).slice(0, 16)}-glibc-${SHIPPED.glibc}.node`)
  if (!(await exists(cached))) await build(cached)
  const problems = await shippingProblems(cached)
  if (problems.length > 0) throw new Error(`${cached} cannot be shipped: ${problems.join('; ')}`)
  await command(process.execPath, ['--input-type=module', '-e', LOAD], {
    env: { INDELIBLE_NATIVE_PATH: cached },
  })
  const shipped = join(ROOT, 'npm', 'linux-x64-gnu', FILE)
  await copyFile(cached, shipped)
  process.stdout.write(`${shipped}\n`)
})

/** @param {string} destination */
async function build(destination) {
  process.stderr.write(`building the addon for glibc ${SHIPPED.glibc}; this takes a few minutes\n`)
  await command('cargo', [
    'zigbuild',
    ...['--locked', '--release', '--package', 'indelible-node', '--target', `${TARGET}.${SHIPPED.glibc}`],
  ])
  const target = process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target')
  await mkdir(CACHE, { recursive: true })
  // Renamed into place, so that another run sees all of it or none.
  const partial = `${destination}.${process.pid}`
  await copyFile(join(target, TARGET, 'release', 'libindelible_node.so'), partial)
  await rename(partial, destination)
}

/** @param {string} file */
async function exists(file) {
  return stat(file).then(
    () => true,
    () => false,
  )
}
