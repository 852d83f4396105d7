import { expect, test } from 'vitest'

import { UsageError, parseOptions } from '../../soak/options.js'

test('defaults: a minute on one server, with a seed of chance', () => {
  const options = parseOptions([])
  expect(options).toMatchObject({ topology: 'standalone', seconds: 60, workersPerHost: 2, control: false })
  expect(options?.seed).toBeGreaterThanOrEqual(0)
  expect(options?.seed).toBeLessThan(2 ** 32)
})

test('what is given', () => {
  const argv =
    '--topology cluster --seconds 600 --seed 7 --workers 4 --control --json out.json --history lines'
  expect(parseOptions(argv.split(' '))).toEqual({
    topology: 'cluster',
    seconds: 600,
    seed: 7,
    workersPerHost: 4,
    control: true,
    json: 'out.json',
    history: 'lines',
  })
  expect(parseOptions(['--help'])).toBeUndefined()
})

test.each([
  '--topology ring',
  '--seconds 19',
  '--seconds 1e3',
  '--seed -1',
  '--seed 4294967296',
  '--workers 0',
  '--frobnicate',
])('%s is refused', (argv) => {
  expect(() => parseOptions(argv.split(' '))).toThrow(UsageError)
})
