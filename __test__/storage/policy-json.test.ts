// What is a policy and what is not, where JSON.parse is more generous than the other readers.

import { expect, test } from 'vitest'

import { InvalidArgument } from '../../src/invalid-argument.js'
import { MAX_POLICY_BYTES, type PolicyDocument } from '../../src/storage/policy-document.js'
import { cacheableJson, policyFromJson, policyToJson } from '../../src/storage/policy-json.js'
import { VECTORS } from './support/storage.js'

const RULE = '{"action_pattern":"x","decision":"Deny"}'

const policy = (fields: string): string => `{"version":1,"name":"n","rules":[${RULE}]${fields}}`

test('writing what was read gives the same bytes', () => {
  const document = policyFromJson(VECTORS.policy.json)
  if (document === undefined) throw new Error('the vector is a policy')
  expect(policyToJson(document)).toBe(VECTORS.policy.json)
})

test.each([
  ['white space', ` \n{\t"rules" : [ ] ,\r"name":"n", "version":0 } `],
  ['escapes in keys and values', String.raw`{"v\u0065rsion":1,"name":"\"}],\\","rules":[]}`],
  ['unknown fields of every kind', policy(',"a":{"b":[1,{"c":"}"}],"d":{}},"e":[],"f":-1.5e3,"g":null')],
  ['unknown fields twice', policy(',"x":1,"x":2')],
  ['the greatest version', '{"version":4294967295,"name":"","rules":[]}'],
])('%s', (_, text) => {
  expect(policyFromJson(text)).toMatchObject({ enforcementMode: 'enforce' })
})

test.each([
  ['a field twice: the second would undo the first', policy(',"rules":[]')],
  ['a mode twice', policy(',"enforcement_mode":"enforce","enforcement_mode":"disabled"')],
  [
    'a decision twice',
    '{"version":1,"name":"n","rules":[{"action_pattern":"x","decision":"Deny","decision":"Allow"}]}',
  ],
  ['a key that is the same only once unescaped', policy(String.raw`,"rul\u0065s":[]`)],
  ['a version with a fraction', '{"version":1.0,"name":"n","rules":[]}'],
  ['a version with an exponent', '{"version":1e0,"name":"n","rules":[]}'],
  ['a version below zero', '{"version":-0,"name":"n","rules":[]}'],
  ['a version as text', '{"version":"1","name":"n","rules":[]}'],
  ['a version that only rounding makes fit', '{"version":4294967295.00000000001,"name":"n","rules":[]}'],
  ['a lone surrogate', String.raw`{"version":1,"name":"\ud800","rules":[]}`],
  ['a mode that is null', policy(',"enforcement_mode":null')],
  ['rules that are null', '{"version":1,"name":"n","rules":null}'],
  ['a rule that is no object', '{"version":1,"name":"n","rules":["Deny"]}'],
  ['a rule without a pattern', '{"version":1,"name":"n","rules":[{"decision":"Deny"}]}'],
  ['text behind the end', `${policy('')} x`],
  ['a byte order mark', `\ufeff${policy('')}`],
  ['nesting without end', `{"a":${'['.repeat(100_000)}`],
  ['deep nesting', policy(`,"a":${'['.repeat(200)}${']'.repeat(200)}`)],
  ['nothing', ''],
])('%s is no policy', (_, text) => {
  expect(policyFromJson(text)).toBeUndefined()
})

test('a long document is read in a moment', () => {
  const name = 'a\\n"'.repeat(100_000)
  const text = policyToJson({ version: 1, name, rules: [], enforcementMode: 'enforce' })
  expect(policyFromJson(text)?.name).toBe(name)
})

test('a text is read up to its greatest length in bytes, and not looked into beyond', () => {
  const text = policy('')
  const padded = (bytes: number): string => text.padEnd(bytes)
  expect(policyFromJson(padded(MAX_POLICY_BYTES))).toBeDefined()
  expect(policyFromJson(padded(MAX_POLICY_BYTES + 1))).toBeUndefined()
  const wide = policy(`,"x":"${'é'.repeat(MAX_POLICY_BYTES / 2)}"`) // few enough characters, too many bytes
  expect(wide.length).toBeLessThan(MAX_POLICY_BYTES)
  expect(policyFromJson(wide)).toBeUndefined()
})

test('a policy is cached up to that length', () => {
  const named = (name: string): PolicyDocument => ({
    version: 1,
    name,
    rules: [],
    enforcementMode: 'enforce',
  })
  const room = MAX_POLICY_BYTES - policyToJson(named('')).length
  expect(cacheableJson(named('n'.repeat(room)))).toHaveLength(MAX_POLICY_BYTES)
  expect(cacheableJson(named('n'.repeat(room + 1)))).toBeInstanceOf(InvalidArgument)
})

test('a key named __proto__ is an unknown field like any other', () => {
  const document = policyFromJson(policy(',"__proto__":{"enforcementMode":"disabled","polluted":true}'))
  expect(document).toMatchObject({ enforcementMode: 'enforce', name: 'n' })
  expect(document).not.toHaveProperty('polluted')
  expect({}).not.toHaveProperty('polluted')
})

test('what was read cannot be changed', () => {
  const document = policyFromJson(policy(''))
  expect(Object.isFrozen(document)).toBe(true)
  expect(Object.isFrozen(document?.rules)).toBe(true)
  expect(Object.isFrozen(document?.rules[0])).toBe(true)
})
