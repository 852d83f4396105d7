import type { LabelScope } from 'indelible/enforcement'
import type { LabelConfig } from '../config/gateway-config.js'

/** A label together with whose set it joins. */
export interface LabelRule {
  readonly label: string
  readonly scope: LabelScope
  /** Whether the configuration says the scope, or leaves it to the default. */
  readonly scopeStated: boolean
}

export function labelRule(config: LabelConfig): LabelRule {
  const { label, scope } = typeof config === 'string' ? { label: config, scope: undefined } : config
  return { label, scope: scope ?? 'session', scopeStated: scope !== undefined }
}
