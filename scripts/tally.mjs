// How many tests passed, failed and were skipped, over several runs.
//
//   node scripts/tally.mjs FAILED_STEPS [FILE…]
//
// adds up the tallies in those files that exist, counts every failed step as a failure, and prints which tests failed,
// each after the name of its file, and then the closing line.
// Status 0: all passed; 3: something failed, or nothing was counted at all.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {{ passed: number, failed: number, skipped: number, failures: readonly string[] }} Counts */

/** How many failures are named: one that takes everything with it needs no longer list. */
const NAMED = 30

export class Tally {
  passed = 0
  failed = 0
  skipped = 0
  /** Of what failed, the names. @type {string[]} */
  failures = []

  /** @param {Counts} counts */
  add({ passed, failed, skipped, failures }) {
    this.passed += passed
    this.failed += failed
    this.skipped += skipped
    this.failures.push(...failures)
  }

  /** What failed, one a line, and nothing if nothing did. */
  get list() {
    const named = this.failures.slice(0, NAMED).map((name) => `failed: ${name}\n`)
    const more = this.failures.length - named.length
    return named.join('') + (more > 0 ? `and ${more} more\n` : '')
  }

  /** The closing line of a test run. */
  get line() {
    const skipped = this.skipped > 0 ? `, ${this.skipped} skipped` : ''
    return `${this.passed} passed, ${this.failed} failed${skipped}`
  }
}

/**
 * Adds to what this run has counted so far, where .ci/run looks for it.
 * @param {Counts} counts
 */
export function record(counts) {
  const file = process.env['INDELIBLE_TEST_TALLY']
  if (file === undefined) return
  const tally = new Tally()
  if (existsSync(file)) tally.add(JSON.parse(readFileSync(file, 'utf8')))
  tally.add(counts)
  writeFileSync(file, JSON.stringify(tally))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [failedSteps = '0', ...files] = process.argv.slice(2)
  const tally = new Tally()
  tally.failed = Number(failedSteps)
  for (const file of files) {
    if (!existsSync(file)) continue
    /** @type {Counts} */
    const counts = JSON.parse(readFileSync(file, 'utf8'))
    const run = basename(file, '.tally')
    tally.add({ ...counts, failures: counts.failures.map((name) => `${run}: ${name}`) })
  }
  if (tally.passed === 0 && tally.failed === 0) tally.failed = 1
  process.stdout.write(`${tally.list}${tally.line}\n`)
  if (tally.failed > 0) process.exitCode = 3
}
