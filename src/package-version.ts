import { readFileSync } from 'node:fs'

const NAME = 'indelible'

/** The version of this package, out of its manifest; undefined where a bundler has torn the two apart. */
export function packageVersion(): string | undefined {
  try {
    const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
    const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown }
    return name === NAME && typeof version === 'string' ? version : undefined
  } catch {
    return undefined
  }
}
