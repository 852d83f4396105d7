import { parseArgs } from 'node:util'
import type { ParseArgsConfig } from 'node:util'

import { UsageError } from './usage.js'

/** Which server, and who we are to it. */
export interface Target {
  readonly endpoint?: string
  readonly config?: string
  readonly username?: string
  readonly passwordFile?: string
}

/** Another user to connect as. */
export interface Administrator {
  readonly username: string
  readonly passwordFile?: string
}

interface Asked {
  readonly target: Target
  readonly admin?: Administrator
  readonly json: boolean
}

/** A command line, read. */
export type Command =
  | { readonly name: 'help' | 'version' }
  | (Asked & { readonly name: 'doctor' })
  | (Asked & { readonly name: 'init'; readonly accept: boolean; readonly yes: boolean })
  | (Asked & { readonly name: 'labels'; readonly session: string })

type Options = NonNullable<ParseArgsConfig['options']>

const TARGET_OPTIONS = {
  endpoint: { type: 'string' },
  config: { type: 'string' },
  username: { type: 'string' },
  'password-file': { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies Options

const ADMIN_OPTIONS = {
  'admin-username': { type: 'string' },
  'admin-password-file': { type: 'string' },
} as const satisfies Options

/** @throws {UsageError} */
export function readCommandLine(args: readonly string[]): Command {
  const [name = '', ...rest] = args
  switch (name) {
    case 'doctor':
      return readDoctor(rest)
    case 'init':
      return readInit(rest)
    case 'labels':
      return readLabels(rest)
    case '-h':
    case '--help':
    case 'help':
      return { name: 'help' }
    case '-v':
    case '--version':
      return { name: 'version' }
    default:
      throw new UsageError(name === '' ? 'name a command: doctor, init or labels' : 'unknown command')
  }
}

function readDoctor(args: readonly string[]): Command {
  const { values, positionals } = parse(args, { ...TARGET_OPTIONS, ...ADMIN_OPTIONS })
  if (values.help) return { name: 'help' }
  refusePositionals(positionals)
  return { name: 'doctor', ...asked(values) }
}

function readInit(args: readonly string[]): Command {
  const { values, positionals } = parse(args, {
    ...TARGET_OPTIONS,
    ...ADMIN_OPTIONS,
    accept: { type: 'boolean', default: false },
    yes: { type: 'boolean', short: 'y', default: false },
  })
  if (values.help) return { name: 'help' }
  refusePositionals(positionals)
  const { accept, yes } = values
  if (yes && !accept) throw new UsageError('--yes answers the question of --accept; alone it means nothing')
  return { name: 'init', ...asked(values), accept, yes }
}

function readLabels(args: readonly string[]): Command {
  const { values, positionals } = parse(args, TARGET_OPTIONS)
  if (values.help) return { name: 'help' }
  const [session, ...more] = positionals
  if (session === undefined) throw new UsageError('labels: name the session')
  if (more.length > 0) throw new UsageError('labels: one session at a time')
  return { name: 'labels', ...asked(values), session }
}

function parse<const O extends Options>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    // Its first sentence names the option; the value that follows some of them could be a secret.
    const [problem = ''] = (error as Error).message.split(/[.\n]/, 1)
    throw new UsageError(problem.replace(/(--[a-z-]+)=.*/s, '$1'), { cause: error })
  }
}

function refusePositionals(positionals: readonly string[]): void {
  if (positionals.length > 0) throw new UsageError('more arguments than this command takes')
}

interface AskedValues {
  readonly [option: string]: string | boolean | undefined
}

function asked(values: AskedValues): Asked {
  const text = (option: string): string | undefined => {
    const value = values[option]
    return typeof value === 'string' ? value : undefined
  }
  const target: Target = defined({
    endpoint: text('endpoint'),
    config: text('config'),
    username: text('username'),
    passwordFile: text('password-file'),
  })
  if ((target.endpoint === undefined) === (target.config === undefined)) {
    throw new UsageError('give either --endpoint or --config')
  }
  if (target.config !== undefined && (target.username ?? target.passwordFile) !== undefined) {
    throw new UsageError('with --config, user and password stand in the file')
  }
  const admin = readAdministrator(text('admin-username'), text('admin-password-file'))
  return { target, json: values['json'] === true, ...(admin === undefined ? {} : { admin }) }
}

function readAdministrator(
  username: string | undefined,
  passwordFile: string | undefined,
): Administrator | undefined {
  if (username !== undefined) return { username, ...defined({ passwordFile }) }
  if (passwordFile !== undefined) throw new UsageError('--admin-password-file needs --admin-username')
  return undefined
}

/** Without the settings that are not given: to the rest, absent and `undefined` are not the same. */
function defined<T extends object>(settings: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
