// `${NAME}` means the same in the configuration of the gateway and in that of the operator's command. Each package has
// its own expansion, since neither is to offer it to everybody; this holds the two together.

import { ConfigError } from 'indelible'
import { describe, expect, test } from 'vitest'

import { expandEnvironment as ofGateway } from '../gateway/src/config/environment.js'
import { expandEnvironment as ofCommand } from '../src/cli/environment.js'

const ENVIRONMENT = { HOST: 'labels.example', EMPTY: '', MONEY: '$&$1${HOST}' }

describe.each([
  ['the gateway', ofGateway],
  ['the command', ofCommand],
])('%s', (_, expand) => {
  test.each([
    ['${HOST}:6379', 'labels.example:6379'],
    ['${HOST}${HOST}', 'labels.examplelabels.example'],
    ['a${EMPTY}b', 'ab'],
    ['${MONEY}', '$&$1${HOST}'], // what a variable holds is not looked into
    ['$${HOST}', '${HOST}'],
    ['$HOST', '$HOST'],
    ['{HOST}', '{HOST}'],
    ['${HOST', '${HOST'],
  ])('%s', (text, expanded) => {
    expect(expand(text, ENVIRONMENT, 'store.endpoint')).toBe(expanded)
  })

  test.each([
    [
      'secret ${MISSING}',
      'ERR_CONFIG_UNSET_VARIABLE',
      'the variable MISSING is not set; set it or drop the line',
    ],
    ['secret ${}', 'ERR_CONFIG_INVALID', 'must hold a variable name; write $${ for a literal ${'],
    ['secret ${A-B}', 'ERR_CONFIG_INVALID', 'must hold a variable name; write $${ for a literal ${'],
  ])('%s is refused', (text, code, remedy) => {
    let error: unknown
    try {
      expand(text, ENVIRONMENT, 'store.endpoint')
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ name: 'ConfigError', code, path: 'store.endpoint' })
    const { message } = error as ConfigError
    expect(message).toContain(remedy)
    expect(message).not.toContain('secret')
  })
})
