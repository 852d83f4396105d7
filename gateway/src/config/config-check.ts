import { ConfigError } from 'indelible'
import type { z } from 'zod'
import { gatewayConfigSchema } from './gateway-config.js'
import type { GatewayConfig } from './gateway-config.js'

type Issue = z.core.$ZodIssue

/**
 * Checks a configuration value.
 *
 * @param place where a setting stands, for messages: the file, line and column.
 * @throws ConfigError for the first thing that is wrong.
 */
export function checkConfig(value: unknown, place?: (path: readonly PropertyKey[]) => string): GatewayConfig {
  const parsed = gatewayConfigSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues.map(mostTelling)
  const {
    path = [],
    problem = 'is not valid',
    unknownKey = false,
  } = issue === undefined ? {} : describe(issue)
  const setting = path.length === 0 ? 'the configuration' : dotted(path)
  const where = place === undefined ? setting : `${place(path)}: ${setting}`
  throw new ConfigError(unknownKey ? 'ERR_CONFIG_UNKNOWN_KEY' : 'ERR_CONFIG_INVALID', where, problem)
}

function describe(issue: Issue): { path: PropertyKey[]; problem: string; unknownKey: boolean } {
  if (issue.code !== 'unrecognized_keys')
    return { path: issue.path, problem: issue.message, unknownKey: false }
  const problem = 'no such setting; check its spelling and its place'
  return { path: [...issue.path, ...issue.keys.slice(0, 1)], problem, unknownKey: true }
}

/**
 * Of a union, the issue of the alternative that fits the value best: fewest issues, then the deepest. Of a name in a
 * mapping, what is wrong with it.
 */
function mostTelling(issue: Issue): Issue {
  if (issue.code === 'invalid_key') return { ...issue, message: issue.issues[0]?.message ?? issue.message }
  if (issue.code !== 'invalid_union') return issue
  const [best] = issue.errors.toSorted((a, b) => misfit(a) - misfit(b)).flatMap(([first]) => first ?? [])
  return best === undefined ? issue : mostTelling({ ...best, path: [...issue.path, ...best.path] })
}

function misfit(issues: readonly Issue[]): number {
  return issues.length * 100 - Math.max(0, ...issues.map((issue) => issue.path.length))
}

function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('')
}
