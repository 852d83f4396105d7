// `npm run lint`: every check that runs no test. All of them run, whatever fails; the end lists the failures.
//
//   npm run lint -- oxlint tsc      only the checks whose name contains one of these words
//
// Tools that npm and rustup do not bring (`cargo-deny`, `cargo-machete`, `typos`) are used where they are installed;
// under CI=true a missing one is a failure.

import { join } from 'node:path'

import { bootstrap, install } from './bootstrap.mjs'
import { CommandError, ROOT, command, outputOf, script } from './command.mjs'
import { record } from './tally.mjs'

const TYPESCRIPT = ['src', 'gateway/src']
const PROGRAMS = ['__test__', 'scripts', 'bench', 'soak', 'examples', 'vitest.config.ts']

/** @type {readonly { name: string, run: () => Promise<void>, needs?: readonly [string, ...string[]] }[]} */
const CHECKS = [
  { name: 'cargo fmt', run: () => command('cargo', ['fmt', '--all', '--check']) },
  { name: 'clippy', run: clippy },
  {
    name: 'cargo deny',
    needs: ['cargo-deny', '--version'],
    run: () => command('cargo', ['deny', '--log-level=warn', 'check', 'bans', 'licenses', 'sources']),
  },
  { name: 'cargo machete', needs: ['cargo-machete', '--version'], run: () => command('cargo', ['machete']) },
  {
    name: 'npm lock file',
    run: () => command('npm', ['ls', '--package-lock-only', '--depth=0', '--loglevel=error']),
  },
  { name: 'oxfmt', run: () => command('oxfmt', ['--check']) },
  { name: 'oxlint', run: oxlint },
  { name: 'tsc of tests and scripts', run: () => command('tsc', ['-p', 'tsconfig.tests.json']) },
  { name: 'tsc of the bench', run: () => command('tsc', ['-p', 'bench/tsconfig.json', '--noEmit']) },
  { name: 'knip', run: () => command('knip') },
  { name: 'publint', run: () => eachPackage((folder) => command('publint', ['--strict', folder])) },
  {
    name: 'attw',
    run: () => eachPackage((folder) => command('attw', ['--pack', folder, '--profile', 'esm-only'])),
  },
  { name: 'typos', needs: ['typos', '--version'], run: () => command('typos') },
]

await script(async () => {
  const words = process.argv.slice(2)
  const chosen = CHECKS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
  if (chosen.length === 0)
    throw new Error(`no check of that name; there are: ${CHECKS.map(({ name }) => name).join(', ')}`)
  await bootstrap()
  await install(join(ROOT, 'bench'), (line) => process.stderr.write(`${line}\n`))
  const failed = []
  for (const check of chosen) {
    const start = performance.now()
    const verdict = await verdictOf(check)
    process.stdout.write(
      `lint: ${check.name}: ${verdict} (${((performance.now() - start) / 1000).toFixed(1)} s)\n`,
    )
    if (verdict === 'FAILED') failed.push(check.name)
  }
  record({ passed: 0, failed: failed.length, skipped: 0, failures: failed.map((name) => `lint: ${name}`) })
  if (failed.length > 0) throw new CommandError('npm run lint', `failures: ${failed.join(', ')}`)
})

/** @param {(typeof CHECKS)[number]} check */
async function verdictOf({ run, needs }) {
  if (needs !== undefined && (await outputOf(needs[0], needs.slice(1))) === undefined) {
    return process.env['CI'] === 'true' ? 'FAILED' : `NOT RUN: ${needs[0]} is not installed`
  }
  try {
    await run()
    return 'ok'
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return 'FAILED'
  }
}

async function clippy() {
  await command('cargo', ['clippy', '--workspace', '--all-targets', '--all-features', '--', '-D', 'warnings'])
}

async function oxlint() {
  // Typed rules need the settings that the files are compiled with: one run for each of the two.
  await command('oxlint', ['--type-aware', '--deny-warnings', ...TYPESCRIPT])
  await command('oxlint', [
    '--type-aware',
    '--deny-warnings',
    '--tsconfig',
    'tsconfig.tests.json',
    ...PROGRAMS,
  ])
}

/** @param {(folder: string) => Promise<void>} check */
async function eachPackage(check) {
  for (const folder of ['.', 'gateway']) await check(folder)
}
