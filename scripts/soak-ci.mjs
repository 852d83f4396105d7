// `npm run soak:ci`: a minute of faults for each topology, and before it the control that must lose labels: a check that
// a plain client passes would prove nothing. Every run goes on to its end, whatever fails.
//
//   npm run soak:ci -- --seed 7      other faults than those of seed 1

import { parseArgs } from 'node:util'

import { bootstrap } from './bootstrap.mjs'
import { CommandError, command, script } from './command.mjs'

const TOPOLOGIES = ['standalone', 'sentinel', 'cluster']
const SECONDS = '60'
const CONTROL_SECONDS = '25'

await script(async () => {
  const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' } } })
  await bootstrap()
  const failed = []
  for (const topology of TOPOLOGIES) {
    for (const run of [
      ['--seconds', CONTROL_SECONDS, '--control'],
      ['--seconds', SECONDS],
    ]) {
      const options = ['--topology', topology, '--seed', values.seed, ...run]
      try {
        await command(process.execPath, ['--import', 'tsx', 'soak/main.ts', ...options])
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
        failed.push(options.join(' '))
      }
      process.stdout.write('\n')
    }
  }
  if (failed.length > 0) throw new CommandError('npm run soak:ci', `failures: ${failed.join('; ')}`)
})
