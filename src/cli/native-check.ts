import { ConfigError } from '../config-error.js'
import { loadNativeAddon } from '../native-addon.js'
import type { NativeAddon } from '../native-addon.js'
import type { Finding } from './report.js'

/** Variables by which an environment chooses the binary. */
const CHOOSERS = ['INDELIBLE_NATIVE_PATH', 'NAPI_RS_NATIVE_LIBRARY_PATH'] as const

/** The addon, and what there is to say about it. Without the addon, the finding says why. */
export interface CheckedAddon {
  readonly finding: Finding
  readonly addon?: NativeAddon
}

const NAME = 'native'

/** Loads the native addon as a store would. */
export async function checkNative(): Promise<CheckedAddon> {
  try {
    const addon = await loadNativeAddon(NAME)
    return { finding: judge(addon), addon }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const [detail = '', ...remedy] = error.message.slice(`${NAME}: `.length).split('; ')
    const hint = remedy.length === 0 ? 'see docs/configuration.md' : remedy.join('; ')
    return { finding: { name: NAME, status: 'fail', detail, hint } }
  }
}

function judge(addon: NativeAddon): Finding {
  const { platform, arch, versions } = process
  const detail = `version ${addon.version()} on ${platform}-${arch}, Node.js ${versions.node}`
  if (addon.testSwitches()) {
    const hint = 'install the published package: this build can be told to lose labels'
    return { name: NAME, status: 'warn', detail: `${detail}, built for tests`, hint }
  }
  const chosen = CHOOSERS.find((variable) => process.env[variable] !== undefined)
  if (chosen === undefined) return { name: NAME, status: 'ok', detail, hint: null }
  const hint = `unset ${chosen} unless this machine is meant to run another binary than the package's`
  return { name: NAME, status: 'warn', detail: `${detail}, loaded from where ${chosen} says`, hint }
}
