// How many tests passed, failed and were skipped, over several runners.

export class Tally {
  passed = 0
  failed = 0
  skipped = 0

  /** @param {{ passed: number, failed: number, skipped: number }} counts */
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
