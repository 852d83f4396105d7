// `npm test`: the Rust tests, then the TypeScript ones, with everything they need built first. Ends with the names of
// the tests that failed and the line `N passed, N failed`, followed by `, N skipped` if any were.
//
//   npm test                        all of them
//   npm test -- --rust              the Rust tests alone
//   npm test -- --js [FILTER…]      the TypeScript tests alone, or those whose path contains a filter

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'

import { bootstrap } from './bootstrap.mjs'
import { CommandError, ROOT, command, outputOf, script } from './command.mjs'
import { Tally, record } from './tally.mjs'

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

  record(tally)
  process.stdout.write(`\n${tally.list}${tally.line}\n`)
  if (tally.failed > 0 || tally.passed === 0) process.exitCode = 1
})

/** @param {Tally} tally */
async function rustTests(tally) {
  const scope = ['--workspace', '--all-features']
  if ((await outputOf('cargo', ['nextest', '--version'])) === undefined) {
    await addCounts(tally, 'cargo', ['test', ...scope, '--no-fail-fast'], readCargo)
    return
  }
  const junit = join(ROOT, 'target', 'nextest', 'default', 'junit.xml') // whatever CARGO_TARGET_DIR says
  await rm(junit, { force: true })
  await addCounts(tally, 'cargo', ['nextest', 'run', ...scope], () => readJunit(junit))
  // nextest leaves the examples in doc comments out.
  await addCounts(tally, 'cargo', ['test', '--doc', ...scope, '--no-fail-fast'], readCargo)
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
    await addCounts(tally, 'vitest', ['run', ...reporters, ...filters], () => readVitest(report))
  } finally {
    await rm(scratch, { recursive: true })
  }
}

/** @typedef {import('./tally.mjs').Counts | undefined} Report   undefined: the runner did not get as far as counting */

/**
 * Runs a test runner and adds its counts. One that did not count, or that failed without a failed test (it did not
 * build, a file did not load), adds one failure.
 * @param {Tally} tally
 * @param {string} program
 * @param {readonly string[]} args
 * @param {(output: string) => Report | Promise<Report>} read
 */
async function addCounts(tally, program, args, read) {
  let output = ''
  let ended = true
  try {
    await command(program, args, { onOutput: (text) => (output += text) })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    ended = false
  }
  const counts = await read(output)
  if (counts !== undefined) tally.add(counts)
  if (counts === undefined || (!ended && counts.failed === 0)) {
    tally.add({ passed: 0, failed: 1, skipped: 0, failures: [`\`${program} ${args[0]}\` itself`] })
  }
}

/**
 * `test result: ok. 5 passed; 0 failed; 1 ignored; …`, once a binary
 * @param {string} output
 * @returns {Report}
 */
function readCargo(output) {
  const tally = new Tally()
  const results = [...output.matchAll(/(\d+) passed; (\d+) failed; (\d+) ignored/g)]
  for (const [, passed, failed, skipped] of results) {
    tally.add({ passed: Number(passed), failed: Number(failed), skipped: Number(skipped), failures: [] })
  }
  tally.failures = [...output.matchAll(/^test (.+) \.\.\. FAILED$/gm)].map(([, name = '']) => name)
  return results.length === 0 ? undefined : tally
}

/**
 * @param {string} file
 * @returns {Promise<Report>}
 */
async function readJunit(file) {
  const xml = await readFile(file, 'utf8').catch(() => '')
  const head = /<testsuites [^>]*>/.exec(xml)?.[0]
  if (head === undefined) return undefined
  const count = (/** @type {string} */ name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0)
  const [tests, skipped, failed] = [count('tests'), count('skipped'), count('failures') + count('errors')]
  const failures = [
    ...xml.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"[^>]*>\s*<(?:failure|error)/g),
  ].map(([, name, binary]) => `${binary} ${name}`)
  return { passed: tests - failed - skipped, failed, skipped, failures }
}

/**
 * @typedef {object} VitestReport
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {readonly { name: string, status: string, assertionResults: readonly { status: string, fullName: string }[] }[]} testResults
 */

/**
 * @param {string} file
 * @returns {Promise<Report>}
 */
async function readVitest(file) {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  /** @type {VitestReport} */
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(text)
  const failures = testResults.flatMap(({ name, status, assertionResults }) => {
    const failed = assertionResults.filter((result) => result.status === 'failed')
    // A file that does not load, or a hook that fails, has no test to its name.
    const names = failed.length === 0 && status === 'failed' ? [''] : failed.map(({ fullName }) => fullName)
    return names.map((test) => `${relative(ROOT, name)} ${test}`.trimEnd())
  })
  const skipped = numPendingTests + numTodoTests
  return { passed: numPassedTests, failed: Math.max(numFailedTests, failures.length), skipped, failures }
}
