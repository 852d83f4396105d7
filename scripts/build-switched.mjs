// Builds the addon with test switches: a second build, beside the one that is shipped, in which a test can turn a
// single safety mechanism off or make one stage panic. Kept under target/switched/, named by what it is made of.
//
//   node scripts/build-switched.mjs        prints the path of the addon

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

import { ADDON_INPUTS, buildNative, fingerprint } from './bootstrap.mjs'
import { ROOT, script } from './command.mjs'

const FOLDER = join(ROOT, 'target', 'switched')

/**
 * The switched addon, built first unless there is one of the present sources.
 * @returns {Promise<string>} absolute path of a `.node` file, for INDELIBLE_NATIVE_PATH
 */
export async function switchedAddon() {
  const addon = join(FOLDER, `${(await fingerprint(ADDON_INPUTS)).slice(0, 16)}.node`)
  if (existsSync(addon)) return addon
  await mkdir(FOLDER, { recursive: true })
  // Built beside its final place and renamed: a process that has loaded the old file keeps it whole.
  const scratch = await mkdtemp(join(FOLDER, 'building-'))
  // Dependencies are compiled once for both builds, but what comes out of it must not meet the shipped one.
  const target = process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target')
  process.env['CARGO_BUILD_BUILD_DIR'] ??= target
  process.env['CARGO_TARGET_DIR'] = join(FOLDER, 'cargo')
  try {
    process.stderr.write('building the addon with test switches\n')
    await buildNative('fast', relative(ROOT, scratch), ['test-switches'])
    const built = (await readdir(scratch)).find((file) => file.endsWith('.node'))
    if (built === undefined) throw new Error('the build of the switched addon left no .node file')
    await rename(join(scratch, built), addon)
  } finally {
    process.env['CARGO_TARGET_DIR'] = target
    await rm(scratch, { recursive: true, force: true })
  }
  return addon
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await script(async () => void process.stdout.write(`${await switchedAddon()}\n`))
}
