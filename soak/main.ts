/** `npm run soak`: puts the store under load and faults, and checks that nothing acknowledged is ever missing. */
import { writeFile } from 'node:fs/promises'

import { findServer } from '../scripts/test-server.mjs'
import { complaints } from './check/verdict.js'
import { type SoakOptions, USAGE, UsageError, parseOptions } from './options.js'
import { reportText } from './report.js'
import { run } from './run.js'
import { openSite } from './sites/open-site.js'

/** As `sysexits.h` has it: the command was used wrongly. */
const EXIT_USAGE = 64
/** D of the default settings and what a busy machine may add, in milliseconds. */
const FAILURE_MS = 1_550 + 500
/** Connections of a process to a server: those that its operations share, and as many for appends that wait for replicas. */
const CONNECTIONS = { standalone: 2, sentinel: 4, cluster: 4 } as const
/** What a process may grow by between the second tenth of its life and the last. */
const MEMORY_GROWTH = 1.5

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) process.stdout.write(USAGE)
  else process.exitCode = await soak(options)
} catch (error) {
  const misused = error instanceof UsageError
  process.stderr.write(
    misused ? `${error.message}\n\n${USAGE}` : `${error instanceof Error ? error.stack : String(error)}\n`,
  )
  process.exitCode = misused ? EXIT_USAGE : 1
}

/** @returns The exit status. */
async function soak(options: SoakOptions): Promise<number> {
  const { topology, seed, seconds, control } = options
  const server = await findServer()
  const title = `${topology}, ${server.kind} ${server.version}, seed ${seed}, ${seconds} s`
  process.stdout.write(`${title}${control ? ', control' : ''}\n`)
  await using site = await openSite(topology, control)
  const result = await run(site, options)
  const found = complaints(result.findings, {
    keepsWhatWasSeen: site.keepsWhatWasSeen,
    recoveryMs: site.recoveryMs,
    failureMs: FAILURE_MS,
    connections: CONNECTIONS[topology] * result.workers,
    memoryGrowth: MEMORY_GROWTH,
  })
  process.stdout.write(`${reportText(result)}\n`)
  if (options.json !== undefined) {
    const document = { ...options, server: `${server.kind} ${server.version}`, ...result, complaints: found }
    await writeFile(options.json, `${JSON.stringify(document, undefined, 2)}\n`)
  }
  if (control) {
    const { lost } = result.findings.violations
    process.stdout.write(lost > 0 ? 'the control fails, as it must\n' : 'FAILED: the control lost nothing\n')
    return lost > 0 ? 0 : 1
  }
  process.stdout.write(found.length === 0 ? 'passed\n' : `FAILED with seed ${seed}:\n${found.join('\n')}\n`)
  return found.length === 0 ? 0 : 1
}
