// How many tests passed, failed and were skipped, over several runs.
//
//   node scripts/tally.mjs FAILED_STEPS [FILE…]
//
// adds up the tallies in those files that exist, counts every failed step as a failure, and prints the closing line.
// Status 0: all passed; 3: something failed, or nothing was counted at all.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

export class Tally {
  passed = 0
  failed = 0
  skipped = 0

  /** @param {Counts} counts */
  add({ passed, failed, skipped }) {
    this.passed += passed
    this.failed += failed
    this.skipped += skipped
  }

  /** The closing line of a test run. */
  get line() {
    const skipped = this.skipped > 0 ? `, ${this.skipped} skipped` : ''
    return `${this.passed} passed, ${this.failed} failed${skipped}`
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [failedSteps = '0', ...files] = process.argv.slice(2)
  const tally = new Tally()
  tally.failed = Number(failedSteps)
  for (const file of files) {
    if (existsSync(file)) tally.add(JSON.parse(readFileSync(file, 'utf8')))
  }
  if (tally.passed === 0 && tally.failed === 0) tally.failed = 1
  process.stdout.write(`${tally.line}\n`)
  if (tally.failed > 0) process.exitCode = 3
}
