import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'

import type * as Native from '../native/index.js'
import { ConfigError } from './config-error.js'
import { packageVersion } from './package-version.js'

/** The addon's exports; the types are generated from the Rust crate `indelible-node`. */
export type NativeAddon = Pick<
  typeof Native,
  'examine' | 'initialise' | 'lookUp' | 'openStorage' | 'openStore' | 'testSwitches' | 'version'
>

/** An open store of the addon. */
export type NativeStore = Native.NativeStore

/** Switches the addon off when it is `0`. */
const SWITCH = 'INDELIBLE_NATIVE'
/** Points at another build of the addon: the path of a `.node` file. */
const OTHER_BUILD = 'INDELIBLE_NATIVE_PATH'

/**
 * Loads the native addon, which is an optional backend: only `kind: valkey` needs it.
 *
 * @param path where the configuration stands that asks for it.
 * @throws {ConfigError} when it is switched off, absent, not loadable or of another version. There is no fall-back.
 */
export async function loadNativeAddon(path: string): Promise<NativeAddon> {
  if (process.env[SWITCH] === '0') {
    throw unavailable(path, `it is switched off by ${SWITCH}=0; unset that variable`)
  }
  const wanted = packageVersion()
  if (wanted === undefined) {
    throw unavailable(
      path,
      'this package has become part of a bundle; leave `indelible` out of it (docs/bundling.md) and install it beside it',
    )
  }
  const addon = await importAddon(path)
  if (typeof (addon as Partial<NativeAddon>).version !== 'function') {
    throw unavailable(path, 'what was loaded is another addon; install this package anew')
  }
  const found = addon.version()
  if (found !== wanted) {
    throw unavailable(
      path,
      `it is version ${found}, and this package is ${wanted}; install both in the same version`,
    )
  }
  return addon
}

async function importAddon(path: string): Promise<NativeAddon> {
  const other = process.env[OTHER_BUILD]
  try {
    // A `.node` file is no ES module, so one that is named is required.
    if (other !== undefined) return createRequire(import.meta.url)(other) as NativeAddon
    return await import('../native/index.js')
  } catch (cause) {
    if (other !== undefined) {
      throw unavailable(
        path,
        `${OTHER_BUILD} names a file that cannot be loaded; unset it or name a build`,
        cause,
      )
    }
    throw unavailable(path, remedy(), cause)
  }
}

function remedy(): string {
  const expected = platformPackage()
  const require = createRequire(import.meta.url)
  const installed = existsSync(
    require.resolve
      .paths(expected)
      ?.map((root) => `${root}/${expected}`)
      .find(existsSync) ?? '',
  )
  if (installed) return `${expected} is installed but cannot be loaded; reinstall it, or see the cause`
  return (
    `${expected} is not installed; install without --omit=optional and with Node.js 20.19 or newer, ` +
    'renew a lock file that was written on another platform, and check that the platform is a supported one'
  )
}

/** The package that holds the binary for this platform, by the naming rule of its publisher. */
function platformPackage(): string {
  const { platform, arch } = process
  if (platform === 'linux') return `indelible-linux-${arch}-${isMusl() ? 'musl' : 'gnu'}`
  return platform === 'win32' ? `indelible-win32-${arch}-msvc` : `indelible-${platform}-${arch}`
}

function isMusl(): boolean {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  return report?.header?.glibcVersionRuntime === undefined
}

function unavailable(path: string, problem: string, cause?: unknown): ConfigError {
  const { platform, arch, versions } = process
  const where = `${platform}-${arch}, Node.js ${versions.node}`
  const message = `kind "valkey" needs the native addon (${platformPackage()}; this is ${where}): ${problem}`
  return new ConfigError('ERR_CONFIG_NATIVE_UNAVAILABLE', path, message, { cause })
}
