// Runs the operator's command as a shell would.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'vitest'

const COMMAND = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const SCHEMA = new URL('../../../schema/doctor-report.schema.json', import.meta.url)

/** A command that has ended. */
export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Surroundings {
  /** Added to our own environment; `undefined` takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly stdin?: string
}

/** Runs `indelible` with these arguments. */
export async function indelible(
  args: readonly string[],
  { env, stdin = '' }: Surroundings = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [COMMAND, ...args], { env: { ...process.env, ...env } })
  child.stdin.end(stdin)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { status: child.exitCode, stdout, stderr }
}

/** A check as the report shows it. */
export interface Check {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  readonly hint: string | null
}

const validate = new Ajv2020({ strict: false }).compile(JSON.parse(await readFile(SCHEMA, 'utf8')) as object)

/** Runs a command that reports, with `--json`, and holds the report against its schema and the exit status. */
export async function checks(
  args: readonly string[],
  surroundings?: Surroundings,
): Promise<readonly Check[]> {
  const { status, stdout, stderr } = await indelible([...args, '--json'], surroundings)
  expect(stderr).toBe('')
  const report = JSON.parse(stdout) as { ok: boolean; checks: readonly Check[] }
  validate(report)
  expect(validate.errors).toBeNull()
  expect(status).toBe(report.ok ? 0 : 1)
  return report.checks
}

/** The names of the checks that ended in one of these ways; `native` is left out, since tests may choose the binary. */
export function named(found: readonly Check[], ...statuses: readonly Check['status'][]): string[] {
  return found
    .filter(({ name, status }) => name !== 'native' && statuses.includes(status))
    .map(({ name }) => name)
}

/** The one check of that name. */
export function theCheck(found: readonly Check[], name: string): Check {
  const [check, ...more] = found.filter((each) => each.name === name)
  if (check === undefined || more.length > 0)
    throw new Error(`not exactly one ${name}: ${JSON.stringify(found)}`)
  return check
}
