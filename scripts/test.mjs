// `npm test`: the Rust tests, then the TypeScript ones, with everything they need built first. Ends with the line
// `N passed, N failed`, followed by `, N skipped` if any were.
//
//   npm test                        all of them
//   npm test -- --rust              the Rust tests alone
//   npm test -- --js [FILTER…]      the TypeScript tests alone, or those whose path contains a filter

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { bootstrap } from './bootstrap.mjs'
import { CommandError, ROOT, command, outputOf, script } from './command.mjs'
import { Tally } from './tally.mjs'

await script(async () => {
  const { values, positionals } = parseArgs({
    options: { rust: { type: 'boolean', default: false }, js: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const all = values.rust === values.js
  await bootstrap()
  const tally = new Tally()
  if (all || values.rust) await rustTests(tally)
  if (all || values.js) await scriptTests(tally, positionals)

  // Where .ci/run looks for the counts of this run.
  const report = process.env['INDELIBLE_TEST_TALLY']
  if (report !== undefined) await writeFile(report, JSON.stringify(tally))
  process.stdout.write(`\n${tally.line}\n`)
  if (tally.failed > 0 || tally.passed === 0) process.exitCode = 1
})

/** @param {Tally} tally */
async function rustTests(tally) {
  const scope = ['--workspace', '--all-features']
  if ((await outputOf('cargo', ['nextest', '--version'])) === undefined) {
    await addCounts(tally, (run) => run('cargo', ['test', ...scope, '--no-fail-fast']), readCargo)
    return
  }
  const target = process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target')
  const junit = join(target, 'nextest', 'default', 'junit.xml')
  await rm(junit, { force: true })
  await counted(
    tally,
    (run) => run('cargo', ['nextest', 'run', ...scope]),
    () => readJunit(junit),
  )
  // nextest leaves the examples in doc comments out.
  await addCounts(tally, (run) => run('cargo', ['test', '--doc', ...scope, '--no-fail-fast']), readCargo)
}

/**
 * @param {Tally} tally
 * @param {readonly string[]} filters
 */
async function scriptTests(tally, filters) {
  const scratch = await mkdtemp(join(tmpdir(), 'indelible-tests-'))
  const report = join(scratch, 'vitest.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  try {
    await counted(
      tally,
      (run) => run('vitest', ['run', ...reporters, ...filters]),
      () => readVitest(report),
    )
  } finally {
    await rm(scratch, { recursive: true })
  }
}

/** @typedef {(program: string, args: readonly string[]) => Promise<void>} Run */
/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/** What a runner counted that did not get as far as counting. */
const NOTHING = { passed: 0, failed: 0, skipped: 0 }

/**
 * Runs one runner and adds its counts. A runner that fails without a failed test (it did not build, a file did not
 * load), or that counted nothing at all, counts as one failure.
 * @param {Tally} tally
 * @param {(run: Run) => Promise<void>} start
 * @param {(output: string) => Counts | Promise<Counts>} read
 */
async function addCounts(tally, start, read) {
  let output = ''
  let ended = true
  /** @type {Run} */
  const run = (program, args) => command(program, args, { onOutput: (text) => (output += text) })
  try {
    await start(run)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    ended = false
  }
  const counts = await read(output)
  const counted = counts.passed + counts.failed > 0
  tally.add((ended && counted) || counts.failed > 0 ? counts : { ...counts, failed: 1 })
}

/**
 * `test result: ok. 5 passed; 0 failed; 1 ignored; …`, once a binary
 * @param {string} output
 */
function readCargo(output) {
  const tally = new Tally()
  for (const [, passed, failed, skipped] of output.matchAll(/(\d+) passed; (\d+) failed; (\d+) ignored/g)) {
    tally.add({ passed: Number(passed), failed: Number(failed), skipped: Number(skipped) })
  }
  return tally
}

/** @param {string} file */
async function readJunit(file) {
  const xml = await readFile(file, 'utf8').catch(() => '')
  const found = /<testsuites [^>]*tests="(\d+)" failures="(\d+)" errors="(\d+)"/.exec(xml)
  if (found === null) return NOTHING
  const [, tests = 0, failures = 0, errors = 0] = found.map(Number)
  return { passed: tests - failures - errors, failed: failures + errors, skipped: 0 }
}

/** @param {string} file */
async function readVitest(file) {
  const text = await readFile(file, 'utf8').catch(() => '{}') // it ended before it could report
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = JSON.parse(text)
  return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests }
}
