import { ConfigError } from 'indelible'

/** Environment variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>

const REFERENCE = /\$(\$?)\{([^}]*)\}/g
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Replaces each `${NAME}` by the variable's value; `$${` stands for a literal `${`.
 *
 * @throws ConfigError `ERR_CONFIG_UNSET_VARIABLE` when a variable is not set, `ERR_CONFIG_INVALID` when the
 *   braces hold no variable name. Neither shows the text around the reference.
 */
export function expandEnvironment(text: string, environment: Environment, path: string): string {
  return text.replace(REFERENCE, (_, escape: string, name: string) => {
    if (escape !== '') return `\${${name}}`
    if (!NAME.test(name)) {
      throw new ConfigError(
        'ERR_CONFIG_INVALID',
        path,
        '${…} must hold a variable name; write $${ for a literal ${',
      )
    }
    const value = environment[name]
    if (value === undefined) {
      throw new ConfigError(
        'ERR_CONFIG_UNSET_VARIABLE',
        path,
        `the variable ${name} is not set; set it or drop the line`,
      )
    }
    return value
  })
}
