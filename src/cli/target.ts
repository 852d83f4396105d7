import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'

import { ConfigError } from '../config-error.js'
import { kindOf } from '../invalid-argument.js'
import type { Administrator, Target } from './command-line.js'
import { expandEnvironment } from './environment.js'
import type { Environment } from './environment.js'
import { UsageError } from './usage.js'

const STANDARD_INPUT = '-'
const USERINFO = /^[a-z+]+:\/\/[^/?#]*@/i

/** Whether an endpoint holds credentials. */
export function hasUserinfo(endpoint: string): boolean {
  return USERINFO.test(endpoint)
}

/**
 * The store block of a target, as the native side takes it: JSON text.
 *
 * @throws {ConfigError}
 */
export async function storeBlock(target: Target, environment: Environment): Promise<string> {
  if (target.config !== undefined) return JSON.stringify(await blockOfFile(target.config, environment))
  const { endpoint = '', username, passwordFile } = target
  const block: Record<string, string> = { kind: 'valkey', endpoint }
  if (username !== undefined) block['username'] = username
  const password = environment['INDELIBLE_PASSWORD']
  if (passwordFile !== undefined) block['passwordFile'] = passwordFile
  else if (password !== undefined && !hasUserinfo(endpoint)) block['password'] = password
  return JSON.stringify(block)
}

async function blockOfFile(file: string, environment: Environment): Promise<unknown> {
  const name = file === STANDARD_INPUT ? 'standard input' : file
  const document = parseJson(await contentOf(file, name), name)
  // A gateway's configuration holds the block under `store`; a file of its own is the block.
  const inside = !Object.hasOwn(document, 'kind') && Object.hasOwn(document, 'store')
  const block = inside ? document['store'] : document
  if (!isMapping(block)) {
    throw new ConfigError(
      'ERR_CONFIG_INVALID',
      `${name}: store`,
      `expected a mapping, found ${kindOf(block)}`,
    )
  }
  return expandEnvironment(block, environment, inside ? 'store' : '')
}

async function contentOf(file: string, name: string): Promise<string> {
  try {
    return file === STANDARD_INPUT ? await text(process.stdin) : await readFile(file, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw new ConfigError('ERR_CONFIG_UNREADABLE_FILE', name, `cannot be read (${code})`, { cause })
  }
}

type Mapping = Readonly<Record<string, unknown>>

function parseJson(content: string, name: string): Mapping {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch {
    // Without the parser's own words: they quote the file, which may hold secrets.
    const problem =
      'is not JSON; of a YAML file: npx yaml --json --single < FILE | indelible doctor --config -'
    throw new ConfigError('ERR_CONFIG_INVALID', name, problem)
  }
  if (isMapping(value)) return value
  throw new ConfigError('ERR_CONFIG_INVALID', name, `expected a mapping, found ${kindOf(value)}`)
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Credentials as the native side takes them. */
export interface Account {
  readonly username: string
  readonly password: string
}

/**
 * The credentials of an administrator.
 *
 * @throws {UsageError} when there is no password, or its file cannot be used.
 */
export async function accountOf(admin: Administrator, environment: Environment): Promise<Account> {
  const { username, passwordFile } = admin
  if (passwordFile === undefined) {
    const password = environment['INDELIBLE_ADMIN_PASSWORD']
    if (password !== undefined && password !== '') return { username, password }
    throw new UsageError('--admin-username needs --admin-password-file or INDELIBLE_ADMIN_PASSWORD')
  }
  const content = await readFile(passwordFile, 'utf8').catch((cause: unknown) => {
    throw new UsageError('--admin-password-file names a file that cannot be read', { cause })
  })
  // The newline that editors leave at the end is not part of it.
  const password = content.replace(/\r?\n$/, '')
  if (password === '') throw new UsageError('--admin-password-file names a file that is empty')
  return { username, password }
}
