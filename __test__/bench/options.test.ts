import { describe, expect, it } from 'vitest'

import { parseOptions, UsageError } from '../../bench/options.js'

describe('the command line of the bench', () => {
  it('has defaults', () => {
    expect(parseOptions([])).toEqual({
      suite: 'labels',
      json: undefined,
      rounds: 5,
      seconds: 3,
      warmUpSeconds: 1,
      contestants: ['indelible', 'ioredis', 'iovalkey', 'node-redis', 'valkey-glide'],
      check: false,
    })
  })

  it('takes every flag, and explicit numbers before those of --quick', () => {
    const argv = ['--suite', 'labels', '--json', 'out.json', '--quick', '--seconds', '0.5', '--check']
    expect(parseOptions([...argv, '--only', 'node-redis, indelible'])).toEqual({
      suite: 'labels',
      json: 'out.json',
      rounds: 1,
      seconds: 0.5,
      warmUpSeconds: 0.3,
      contestants: ['indelible', 'node-redis'],
      check: true,
    })
  })

  it('gives nothing when help is asked for', () => {
    expect(parseOptions(['--help'])).toBeUndefined()
  })

  it.each([
    { argv: ['--suite', 'poems'], message: '--suite poems: the suites are: labels, safety' },
    { argv: ['--rounds', '0'], message: '--rounds 0: write a whole number from 1 to 100' },
    { argv: ['--rounds', '1.5'], message: '--rounds 1.5: write a whole number from 1 to 100' },
    { argv: ['--rounds', ''], message: '--rounds : write a whole number from 1 to 100' },
    { argv: ['--seconds', 'ten'], message: '--seconds ten: write a number from 0.1 to 600' },
    { argv: ['--seconds', 'Infinity'], message: '--seconds Infinity: write a number from 0.1 to 600' },
    { argv: ['--only', 'redis'], message: '--only redis: the contestants are: indelible' },
    { argv: ['--only', ''], message: '--only : the contestants are: indelible' },
    { argv: ['--fast'], message: "Unknown option '--fast'" },
    { argv: ['labels'], message: "Unexpected argument 'labels'" },
  ])('refuses $argv', ({ argv, message }) => {
    expect(() => parseOptions(argv)).toThrow(UsageError)
    expect(() => parseOptions(argv)).toThrow(message)
  })
})
