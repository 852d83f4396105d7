// `npm run fuzz`: has the reply reader read what no server would answer, for a minute, starting from the corpus in
// fuzz/corpus. What it finds beyond that stays in target/fuzz; a crash stands in fuzz/artifacts.
//
//   npm run fuzz -- --seconds 600

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { ROOT, command, outputOf, script } from './command.mjs'

const TARGET = 'replies'
/** Longest input, in bytes: several replies of several chunks. */
const MAX_INPUT_BYTES = 4_096

await script(async () => {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
  if ((await outputOf('cargo', ['fuzz', '--version'])) === undefined) {
    await command('cargo', ['install', '--locked', '--quiet', '--debug', 'cargo-fuzz']) // it only starts others
  }
  const found = join(ROOT, 'target', 'fuzz', TARGET)
  await mkdir(found, { recursive: true })
  // Without a sanitizer it works on stable Rust: there is no unsafe code here for one to watch.
  await command('cargo', [
    ...['fuzz', 'run', '--sanitizer', 'none', TARGET, found, join('fuzz', 'corpus', TARGET), '--'],
    ...[`-max_total_time=${values.seconds}`, `-max_len=${MAX_INPUT_BYTES}`],
    ...['-verbosity=0', '-print_funcs=0', '-print_final_stats=1'], // only how it ended
  ])
})
