/** `npm run bench`: measures our packages beside others, on servers of its own. */
import { writeFile } from 'node:fs/promises'
import { install } from '../scripts/bootstrap.mjs'
import { startServer } from '../scripts/test-server.mjs'
import { decided, passes } from './decision.js'
import { runConditions } from './machine.js'
import { parseOptions, USAGE, UsageError, type BenchOptions } from './options.js'
import { publish } from './publish/publish.js'
import { reportText } from './report/text.js'
import type { SuiteReport } from './suite-report.js'
import { runFootprint } from './suites/footprint.js'
import { runGateway } from './suites/gateway.js'
import { runGrowth } from './suites/growth.js'
import { runLabels } from './suites/labels.js'
import { runLatency } from './suites/latency.js'
import { runSafety } from './suites/safety.js'
import { runStorage } from './suites/storage.js'
import { runTls } from './suites/tls.js'
import { runTopology } from './suites/topology.js'

/** As `sysexits.h` has it: the command was used wrongly. */
const EXIT_USAGE = 64

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) process.stdout.write(USAGE)
  else process.exitCode = await bench(options)
} catch (error) {
  const misused = error instanceof UsageError
  process.stderr.write(
    `${error instanceof Error ? error.message : String(error)}\n${misused ? `\n${USAGE}` : ''}`,
  )
  process.exitCode = misused ? EXIT_USAGE : 1
}

/** @returns The exit status. */
async function bench(asked: BenchOptions): Promise<number> {
  // The peers have a lock file of their own: who works on the product need not install four other clients.
  await install(import.meta.dirname, progress)
  const conditions = await runConditions()
  await using server = await startServer()
  const measured = { server: `${server.kind} ${server.version}`, ...conditions }
  progress(`${asked.suite}: ${measured.server}, ${versionsText(conditions.packages)}`)

  const decision = await decided(asked, (options) => runSuite(options, server.url), progress)
  const { options, report } = decision
  process.stdout.write(`${reportText(report)}\n`)
  const document = { suite: options.suite, options, conditions: measured, ...report }
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(document, undefined, 2)}\n`)
  if (options.publish) await publish(document)
  return passes(decision) ? 0 : 1
}

function runSuite(options: BenchOptions, url: string): Promise<SuiteReport> {
  switch (options.suite) {
    case 'labels':
      return runLabels(url, options, progress)
    case 'safety':
      return runSafety(options, progress)
    case 'storage':
      return runStorage(url, options, progress)
    case 'tls':
      return runTls(options, progress)
    case 'topology':
      return runTopology(options, progress)
    case 'gateway':
      return runGateway(url, options, progress)
    case 'latency':
      return runLatency(url, options, progress)
    case 'growth':
      return runGrowth(url, options, progress)
    case 'footprint':
      return runFootprint(url, options, progress)
  }
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}

function versionsText(packages: Readonly<Record<string, string>>): string {
  return Object.entries(packages)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}
