#!/usr/bin/env node
import { readFile } from 'node:fs/promises'

import { readCommandLine } from './command-line.js'
import type { Command } from './command-line.js'
import { doctor } from './doctor.js'
import { init } from './init.js'
import { labels } from './labels.js'
import type { Ending } from './report.js'
import { USAGE, UsageError } from './usage.js'

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  try {
    const { status, stdout, stderr = '' } = await run(readCommandLine(args))
    process.stdout.write(stdout)
    process.stderr.write(stderr)
    return status
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`indelible: ${error.message}\n\n${USAGE}`)
    return 2
  }
}

async function run(command: Command): Promise<Ending> {
  switch (command.name) {
    case 'doctor':
      return doctor(command)
    case 'init':
      return init(command)
    case 'labels':
      return labels(command)
    case 'help':
      return { status: 0, stdout: USAGE }
    case 'version':
      return { status: 0, stdout: `${await version()}\n` }
  }
}

async function version(): Promise<string> {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
