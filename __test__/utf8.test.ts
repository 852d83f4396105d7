import { expect, test } from 'vitest'

import { compareUtf8, ILL_FORMED, utf8Length } from '../src/utf8.js'

const WELL_FORMED = [
  '',
  'a',
  '\u0000',
  '\u007f',
  '\u0080',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\ufffd',
  '\uffff',
]
const ASTRAL = ['\u{10000}', '\u{1f4a7}', '\u{10ffff}', 'a\u{1f4a7}b', '\u{1f4a7}\u{1f4a7}']

test.each([...WELL_FORMED, ...ASTRAL])('the length of %j is that of its bytes', (text) => {
  expect(utf8Length(text)).toBe(Buffer.byteLength(text))
})

test.each([
  '\ud800',
  '\udbff',
  '\udc00',
  '\udfff',
  'a\ud800',
  '\ud800a',
  '\ud800\ud800\udc00',
  '\udc00\ud800',
  '\udc00\udc00',
])('%j has no UTF-8 form', (text) => {
  expect(utf8Length(text)).toBe(ILL_FORMED)
})

test('strings are ordered as their bytes are', () => {
  const texts = [...WELL_FORMED, ...ASTRAL, 'ab', 'b', 'aé', '\uffff\u{10000}', '\u{10000}\uffff']
  for (const left of texts) {
    for (const right of texts) {
      const expected = Buffer.compare(Buffer.from(left), Buffer.from(right))
      expect(Math.sign(compareUtf8(left, right)), `${left} ? ${right}`).toBe(expected)
    }
  }
})
