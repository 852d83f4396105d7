import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['__test__/**/*.test.ts'],
    // Processes, not threads: suites start servers, send signals and load a native addon.
    pool: 'forks',
    // Two cores carry the tests, their servers and the native threads.
    maxWorkers: 2,
    // Cells of the fault matrix, which mostly wait.
    maxConcurrency: 8,
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
