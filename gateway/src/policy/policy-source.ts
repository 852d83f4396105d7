import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { policySetTextToParts, policyToJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs'
import { ConfigError } from 'indelible'
import type { LabelScope } from 'indelible/enforcement'
import type { PolicyConfig } from '../config/gateway-config.js'
import type { LabelRule } from '../labels/label-rule.js'
import { testedAttributes } from './tested-attributes.js'

/** One Cedar policy with what its annotations say. */
export interface SourcePolicy {
  /** `@id`, or `policy<n>` by position. */
  readonly id: string
  readonly text: string
  /** `@message`: what a caller is told when this policy decides. */
  readonly message: string | undefined
  /** The attributes it tests for with `has`, as paths such as `context.arguments.path`. */
  readonly tested: readonly string[]
  /** `@taint` and `@scope`: the label that joins the session when this policy decides, even on a denial. */
  readonly taint: LabelRule | undefined
}

const ANNOTATIONS: ReadonlySet<string> = new Set(['id', 'message', 'taint', 'scope'])

/** The text of the configured policies. @throws ConfigError when the file cannot be read. */
export async function readPolicies(config: PolicyConfig, directory: string): Promise<string> {
  if ('text' in config) return config.text
  try {
    return await readFile(resolve(directory, config.file), 'utf8')
  } catch (cause) {
    throw new ConfigError('ERR_CONFIG_UNREADABLE_FILE', 'policy.file', 'cannot be read; check its path', {
      cause,
    })
  }
}

/** Takes a policy set apart. @throws ConfigError for what does not parse or would silently do nothing. */
export function parsePolicies(text: string): readonly SourcePolicy[] {
  const parts = policySetTextToParts(text)
  if (parts.type === 'failure') throw invalid(explain(parts.errors))
  if (parts.policy_templates.length > 0)
    throw invalid('holds a template, which nothing links; write plain policies')
  if (parts.policies.length === 0) throw invalid('holds no policy, so it would deny everything; add a permit')

  const ids = new Set<string>()
  return parts.policies.map((policy, index) => {
    const parsed = parsePolicy(policy, `policy${index}`)
    if (ids.has(parsed.id))
      throw invalid(`has two policies with the id \`${parsed.id}\`; give each its own @id`)
    ids.add(parsed.id)
    return parsed
  })
}

/** What Cedar says about its input, in one line. */
export function explain(errors: readonly DetailedError[]): string {
  return errors
    .map(({ message, help, sourceLocations }) => {
      const label = sourceLocations?.[0]?.label
      return [message, label, help].filter((part) => part !== null && part !== undefined).join('; ')
    })
    .join('. ')
}

/** A problem of the policies as an error of the configuration. */
export function invalid(problem: string): ConfigError {
  return new ConfigError('ERR_CONFIG_INVALID', 'policy', problem)
}

function parsePolicy(text: string, fallback: string): SourcePolicy {
  const parsed = policyToJson(text)
  if (parsed.type === 'failure') throw invalid(explain(parsed.errors))
  const annotations = parsed.json.annotations ?? {}
  const id = annotations['id'] ?? fallback
  for (const name of Object.keys(annotations)) {
    if (!ANNOTATIONS.has(name))
      throw invalid(`\`${id}\` has an annotation @${name}; known are @${[...ANNOTATIONS].join(', @')}`)
  }
  return {
    id,
    text,
    message: annotations['message'],
    tested: testedAttributes(parsed.json),
    taint: taintOf(id, annotations['taint'], annotations['scope']),
  }
}

function taintOf(id: string, label: string | undefined, scope: string | undefined): LabelRule | undefined {
  if (label === undefined) {
    if (scope !== undefined)
      throw invalid(`\`${id}\` has @scope without @taint; add the label or drop the scope`)
    return undefined
  }
  const bytes = Buffer.byteLength(label)
  if (bytes < 1 || bytes > 256) throw invalid(`\`${id}\` has a @taint that is not 1 to 256 bytes long`)
  if (scope !== undefined && scope !== 'session' && scope !== 'principal') {
    throw invalid(`\`${id}\` has a @scope that is neither session nor principal`)
  }
  return { label, scope: (scope ?? 'session') satisfies LabelScope, scopeStated: scope !== undefined }
}
