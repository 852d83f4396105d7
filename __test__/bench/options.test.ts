import { describe, expect, it } from 'vitest'

import { parseOptions, UsageError } from '../../bench/options.js'

describe('the command line of the bench', () => {
  it('has defaults', () => {
    expect(parseOptions([])).toEqual({
      suite: 'labels',
      json: undefined,
      rounds: 7,
      seconds: 1.5,
      warmUpSeconds: 0.5,
      callers: [1, 64, 512],
      contestants: ['indelible', 'ioredis', 'iovalkey', 'node-redis', 'valkey-glide'],
      ceilings: true,
      quick: false,
      publish: false,
      demand: 'nothing',
    })
  })

  it('takes every flag, and explicit numbers before those of --quick', () => {
    const argv = [
      '--suite',
      'tls',
      '--json',
      'out.json',
      '--quick',
      '--seconds',
      '0.9',
      '--check',
      '--publish',
    ]
    const further = ['--only', 'node-redis, indelible', '--callers', '64,128', '--no-ceilings']
    expect(parseOptions([...argv, ...further])).toEqual({
      suite: 'tls',
      json: 'out.json',
      rounds: 3,
      seconds: 0.9,
      warmUpSeconds: 0.2,
      callers: [64, 128],
      contestants: ['indelible', 'node-redis'],
      ceilings: false,
      quick: true,
      publish: true,
      demand: 'bars',
    })
  })

  it('demands no more than the gate asks for', () => {
    expect(parseOptions(['--gate'])?.demand).toBe('gate')
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
    { argv: ['--callers', '1,0'], message: '--callers 0: write a whole number from 1 to 10000' },
    { argv: ['--only', 'redis'], message: '--only redis: the contestants are: indelible' },
    { argv: ['--only', ''], message: '--only : the contestants are: indelible' },
    { argv: ['--fast'], message: "Unknown option '--fast'" },
    { argv: ['labels'], message: "Unexpected argument 'labels'" },
  ])('refuses $argv', ({ argv, message }) => {
    expect(() => parseOptions(argv)).toThrow(UsageError)
    expect(() => parseOptions(argv)).toThrow(message)
  })
})
