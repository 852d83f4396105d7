import { printable } from './printable.js'

/** What one check found; `schema/doctor-report.schema.json` is its published form. */
export interface Finding {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do about it: `null` exactly when the status is `ok`. */
  readonly hint: string | null
}

/** The findings of one command, in the order of the checks. */
export interface Report {
  /** No check failed. */
  readonly ok: boolean
  readonly checks: readonly Finding[]
}

/** What a command leaves behind. */
export interface Ending {
  readonly status: 0 | 1
  readonly stdout: string
  readonly stderr?: string
}

/** A command that ends with what it found. */
export function reported(checks: readonly Finding[], json: boolean): Ending {
  const report: Report = { ok: checks.every(({ status }) => status !== 'fail'), checks }
  return { status: report.ok ? 0 : 1, stdout: json ? formatJson(report) : formatReport(report) }
}

/** A finding of the native side, which leaves out what is not there. */
export function findingOf(native: Omit<Finding, 'hint'> & { readonly hint?: string }): Finding {
  const { name, status, detail, hint = null } = native
  return { name, status, detail, hint }
}

/** A report for a terminal: a line for each check, and its hint below it. */
function formatReport({ checks }: Report): string {
  const lines = checks.map((check) => {
    const line = `${`[${check.status}]`.padEnd(7)}${check.name}: ${printable(check.detail)}\n`
    return check.hint === null ? line : `${line}       hint: ${printable(check.hint)}\n`
  })
  const count = (status: Finding['status']): number =>
    checks.filter((check) => check.status === status).length
  return `${lines.join('')}${count('ok')} ok, ${count('warn')} warn, ${count('fail')} fail\n`
}

/** A value for programs, and readable. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
