// How much of a long test is run: all of it by `npm run test:long`, a hundredth wherever else.

/** 1 or 0.01. */
export const SCALE: number = process.env['INDELIBLE_TEST_LONG'] === '1' ? 1 : 0.01

/** How long one long test may take, in milliseconds: a bound for what hangs. */
export const LIMIT_MS: number = SCALE === 1 ? 3_600_000 : 120_000
