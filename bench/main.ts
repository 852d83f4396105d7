/** `npm run bench`: measures our store beside other clients, on a server of its own. */
import { writeFile } from 'node:fs/promises'
import { install } from '../scripts/bootstrap.mjs'
import { startServer } from '../scripts/test-server.mjs'
import { runConditions } from './machine.js'
import { parseOptions, USAGE, UsageError, type BenchOptions } from './options.js'
import { reportText } from './report.js'
import { runLabels, type LabelsReport } from './suites/labels.js'
import { runSafety } from './suites/safety.js'
import { runStorage } from './suites/storage.js'

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

/** @returns The exit status: 1 when goals were to be checked and one is missed. */
async function bench(options: BenchOptions): Promise<number> {
  // The peers have a lock file of their own: who works on the product need not install four other clients.
  await install(import.meta.dirname, (line) => process.stderr.write(`${line}\n`))
  const conditions = await runConditions()
  await using server = await startServer()
  const serverVersion = `${server.kind} ${server.version}`
  process.stderr.write(`${options.suite}: ${serverVersion}${contestantsText(options)}\n`)
  process.stderr.write(`${versionsText(conditions.packages)}\n`)

  const progress = (line: string): void => void process.stderr.write(`${line}\n`)
  const report = await runSuite(options, server.url, progress)
  process.stdout.write(`${reportText(report)}\n`)
  if (options.json !== undefined) {
    const document = { suite: options.suite, options, conditions, server: serverVersion, ...report }
    await writeFile(options.json, `${JSON.stringify(document, undefined, 2)}\n`)
  }
  return options.check && report.goals.some((goal) => !goal.met) ? 1 : 0
}

function runSuite(
  options: BenchOptions,
  url: string,
  progress: (line: string) => void,
): Promise<LabelsReport> {
  switch (options.suite) {
    case 'labels':
      return runLabels(url, options, progress)
    case 'safety':
      return runSafety(options, progress)
    case 'storage':
      return runStorage(url, options, progress)
  }
}

/** The other suites have contestants of their own. */
function contestantsText({ suite, contestants }: BenchOptions): string {
  return suite === 'labels' ? `, ${contestants.join(', ')}` : ''
}

function versionsText(packages: Readonly<Record<string, string>>): string {
  return Object.entries(packages)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}
