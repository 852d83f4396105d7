import { ConfigError } from '../config-error.js'
import type { NativeAddon } from '../native-addon.js'
import type { Target } from './command-line.js'
import type { Environment } from './environment.js'
import { checkNative } from './native-check.js'
import type { Finding } from './report.js'
import { storeBlock } from './target.js'

/** What every command needs before it can ask a server anything. */
export interface Prepared {
  /** What has been checked on the way; the last one failed if nothing is ready. */
  readonly checks: readonly Finding[]
  readonly ready?: { readonly addon: NativeAddon; readonly block: string }
}

/** Loads the addon and reads the store block. */
export async function prepare(target: Target, environment: Environment): Promise<Prepared> {
  const { finding, addon } = await checkNative()
  if (addon === undefined) return { checks: [finding] }
  try {
    return { checks: [finding], ready: { addon, block: await storeBlock(target, environment) } }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const hint = 'docs/cli.md says what a file may hold'
    return { checks: [finding, { name: 'config', status: 'fail', detail: error.message, hint }] }
  }
}
