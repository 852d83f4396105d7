import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ConfigError } from 'indelible'
import { isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, Scalar } from 'yaml'
import { checkConfig } from './config-check.js'
import { expandEnvironment } from './environment.js'
import type { Environment } from './environment.js'
import type { GatewayConfig } from './gateway-config.js'

/** A configuration with what is needed to resolve the rest of it. */
export interface LoadedConfig {
  readonly config: GatewayConfig
  /** The folder that relative paths in the configuration start from. */
  readonly directory: string
}

/**
 * Reads a YAML or JSON configuration file, expands `${NAME}` and checks every key and value.
 *
 * @throws ConfigError that names the place in the file, the setting and the remedy.
 */
export async function readConfigFile(file: string, environment: Environment): Promise<LoadedConfig> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new ConfigError('ERR_CONFIG_UNREADABLE_FILE', file, `cannot be read (${errorCode(cause)})`, {
      cause,
    })
  }
  return { config: parseConfig(text, file, environment), directory: dirname(resolve(file)) }
}

/** The same for text that is already at hand; `name` stands for the file in messages. */
export function parseConfig(text: string, name: string, environment: Environment): GatewayConfig {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: false })
  const syntax = document.errors[0]
  if (syntax !== undefined) {
    // Only the first line: the others quote the file, which may hold secrets.
    const problem = syntax.message.replace(/(?: at line |\n).*/s, '')
    const hint = text.startsWith('${', syntax.pos[0] - 1) ? '; quote ${NAME} inside { } and [ ]' : ''
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      at(name, lines, syntax.pos[0]),
      `is not valid YAML: ${problem}${hint}`,
    )
  }
  expandScalars(document, name, lines, environment)
  return checkConfig(document.toJS({ maxAliasCount: 0 }), (path) => at(name, lines, offsetOf(document, path)))
}

function expandScalars(document: Document, name: string, lines: LineCounter, environment: Environment): void {
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return
      const expanded = expandEnvironment(node.value, environment, at(name, lines, node.range?.[0]))
      node.value = isWholeReference(node) ? plainScalar(expanded) : expanded
    },
  })
}

/** `port: ${PORT}` reads the variable as YAML would read its text; quotes keep it a string. */
function isWholeReference(node: Scalar): boolean {
  return node.type === 'PLAIN' && /^\$\{[^}]*\}$/.test(node.source ?? '')
}

function plainScalar(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^(?:0|-?[1-9][0-9]{0,14})$/.test(text) ? Number(text) : text
}

function at(name: string, lines: LineCounter, offset: number | undefined): string {
  if (offset === undefined) return name
  const { line, col } = lines.linePos(offset)
  return `${name}:${line}:${col}`
}

/** Where the value at `path` starts, or else the nearest thing around it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isScalar(node) || (typeof node === 'object' && node !== null && 'range' in node)) {
      const range = (node as { range?: readonly [number, number, number] | null }).range
      if (range) return range[0]
    }
  }
  return undefined
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
