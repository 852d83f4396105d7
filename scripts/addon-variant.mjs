// Builds of the addon beside the one that is shipped, each kept under target/<name>/, named by what it is made of.

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'

import { ADDON_INPUTS, buildNative, fingerprint } from './bootstrap.mjs'
import { ROOT } from './command.mjs'

/**
 * The addon with extra cargo features, built first unless there is one of the present sources.
 * @param {string} name   of its folder under target/
 * @param {import('./bootstrap.mjs').Profile} profile
 * @param {readonly string[]} features
 * @returns {Promise<string>} absolute path of a `.node` file, for INDELIBLE_NATIVE_PATH
 */
export async function addonVariant(name, profile, features) {
  const folder = join(ROOT, 'target', name)
  const addon = join(folder, `${profile}-${(await fingerprint(ADDON_INPUTS)).slice(0, 16)}.node`)
  if (existsSync(addon)) return addon
  await mkdir(folder, { recursive: true })
  // Built beside its final place and renamed: a process that has loaded the old file keeps it whole.
  const scratch = await mkdtemp(join(folder, 'building-'))
  // Dependencies are compiled once for all builds, but what comes out of it must not meet the shipped one.
  const target = process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target')
  process.env['CARGO_BUILD_BUILD_DIR'] ??= target
  process.env['CARGO_TARGET_DIR'] = join(folder, 'cargo')
  try {
    process.stderr.write(`building the addon with ${features.join(', ')}\n`)
    await buildNative(profile, relative(ROOT, scratch), features)
    const built = (await readdir(scratch)).find((file) => file.endsWith('.node'))
    if (built === undefined) throw new Error(`the build with ${features.join(', ')} left no .node file`)
    await rename(join(scratch, built), addon)
  } finally {
    process.env['CARGO_TARGET_DIR'] = target
    await rm(scratch, { recursive: true, force: true })
  }
  return addon
}
