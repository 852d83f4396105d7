#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { ConfigError } from 'indelible'
import { logAlarms } from './alarm.js'
import { readConfigFile } from './config/config-file.js'
import { Gateway } from './gateway.js'

const USAGE = `Usage: indelible-gateway --config FILE

Serves MCP servers behind session security labels. See the README for the configuration.

  -c, --config FILE   configuration, YAML or JSON
  -h, --help          this text
  -v, --version       the version

When it listens it prints one line of JSON to stdout: {"type":"listening","address":"http://…"}.
Alarms are lines of JSON on stderr. SIGTERM and SIGINT let requests under way finish; a second one ends at once.
Exit status: 0 after a signal, 1 for a configuration that cannot work, 2 for wrong usage.
`

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  let values
  try {
    values = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string', short: 'c' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    }).values
  } catch (error) {
    return wrongUsage((error as Error).message)
  }
  if (values.help === true) {
    process.stdout.write(USAGE)
    return 0
  }
  if (values.version === true) {
    process.stdout.write(`${await version()}\n`)
    return 0
  }
  return values.config === undefined ? wrongUsage('--config FILE is missing') : serve(values.config)
}

async function serve(file: string): Promise<number> {
  logAlarms((line) => process.stderr.write(line))
  try {
    const { config, directory } = await readConfigFile(file, process.env)
    const gateway = await Gateway.open(config, { directory })
    process.stdout.write(`${JSON.stringify({ type: 'listening', address: gateway.address })}\n`)
    await stopSignal()
    await gateway.close()
    return 0
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`indelible-gateway: ${error.message}\n`)
    return 1
  }
}

/** Waits for the first signal to stop; the next one has its default effect again and ends the process. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGTERM', stop).off('SIGINT', stop)
      resolve()
    }
    process.on('SIGTERM', stop).on('SIGINT', stop)
  })
}

function wrongUsage(problem: string): number {
  process.stderr.write(`indelible-gateway: ${problem}\n\n${USAGE}`)
  return 2
}

async function version(): Promise<string> {
  const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
