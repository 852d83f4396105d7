// `npm run soak:ci`: a minute of faults for each topology, and before it the control that must lose labels: a check that
// a plain client passes would prove nothing. The topologies run side by side, with one process on each host, so that two
// cores carry them; the controls with two, since what an old primary of a cluster tells is over in a moment. Every run
// goes on to its end, whatever fails.
//
//   npm run soak:ci -- --seed 7      other faults than those of seed 1

import { parseArgs } from 'node:util'

import { bootstrap } from './bootstrap.mjs'
import { CommandError, command, script } from './command.mjs'

const TOPOLOGIES = ['standalone', 'sentinel', 'cluster']
const RUNS = [
  ['--seconds', '25', '--workers', '2', '--control'],
  ['--seconds', '60', '--workers', '1'],
]

await script(async () => {
  const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' } } })
  await bootstrap()
  const failed = []
  for (const run of RUNS) {
    const ends = TOPOLOGIES.map((topology) => soak(['--topology', topology, '--seed', values.seed, ...run]))
    for (const failure of await Promise.all(ends)) if (failure !== undefined) failed.push(failure)
  }
  if (failed.length > 0) throw new CommandError('npm run soak:ci', `failures: ${failed.join('; ')}`)
})

/**
 * Prints what a run prints once it has ended, in one piece.
 * @param {readonly string[]} options
 * @returns {Promise<string | undefined>} what was asked for, if it failed
 */
async function soak(options) {
  let output = ''
  try {
    const onOutput = (/** @type {string} */ text) => void (output += text)
    await command(process.execPath, ['--import', 'tsx', 'soak/main.ts', ...options], {
      onOutput,
      echo: false,
    })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return options.join(' ')
  } finally {
    process.stdout.write(`${output}\n`)
  }
  return undefined
}
