import { ConfigError } from '../config-error.js'

/** Environment variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>

const REFERENCE = /\$(\$?)\{([^}]*)\}/g
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Replaces each `${NAME}` in the texts of a configuration by the variable's value; `$${` stands for a literal `${`.
 *
 * @throws {ConfigError} when a variable is not set or the braces hold no name; it does not show the text around them.
 */
export function expandEnvironment(value: unknown, environment: Environment, path: string): unknown {
  if (typeof value === 'string') return expandText(value, environment, path)
  if (Array.isArray(value)) {
    return value.map((item, index) => expandEnvironment(item, environment, `${path}[${index}]`))
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(
    ([key, item]) =>
      [key, expandEnvironment(item, environment, path === '' ? key : `${path}.${key}`)] as const,
  )
  return Object.fromEntries(entries)
}

function expandText(text: string, environment: Environment, path: string): string {
  return text.replace(REFERENCE, (_, escape: string, name: string) => {
    if (escape !== '') return `\${${name}}`
    if (!NAME.test(name)) {
      const problem = '${…} must hold a variable name; write $${ for a literal ${'
      throw new ConfigError('ERR_CONFIG_INVALID', path, problem)
    }
    const value = environment[name]
    if (value === undefined) {
      const problem = `the variable ${name} is not set; set it or drop the line`
      throw new ConfigError('ERR_CONFIG_UNSET_VARIABLE', path, problem)
    }
    return value
  })
}
