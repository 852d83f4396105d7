import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longest, by parts of their paths. */
const LONGEST = ['/topologies', '/bench/', '/faults/', '/demo/', '/valkey/contract']

/** Begins with the files that take longest: begun last, one of them would go on alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      LONGEST.some((part) => moduleId.includes(part))
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    include: ['__test__/**/*.test.ts'],
    // Processes, not threads: suites start servers, send signals and load a native addon.
    pool: 'forks',
    // Most tests wait for servers: so many keep two cores busy.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // Cells of the fault matrix, which mostly wait.
    maxConcurrency: 10,
    // Every promised bound is asserted by the test itself; these only end a test that hangs.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A condition is waited for as long as a busy machine may take; a bound that is promised states its own time-out.
    expect: { poll: { timeout: 20_000 } },
    // A run without tests, a lone `.only` or a retry would hide something.
    passWithNoTests: false,
    allowOnly: false,
    retry: 0,
  },
})
