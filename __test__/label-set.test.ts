import { inspect } from 'node:util'

import { ReadonlyLabelSet } from 'indelible'
import { describe, expect, test } from 'vitest'

const of = (...labels: string[]): ReadonlyLabelSet => ReadonlyLabelSet.from(labels)

describe('what it holds', () => {
  test('labels in the order of their UTF-8 bytes, without duplicates', () => {
    const labels = ['\u{1f4a7}', '\uffee', 'b', 'a', 'B', 'b', '']
    expect([...of(...labels)]).toEqual(['', 'B', 'a', 'b', '\uffee', '\u{1f4a7}'])
  })

  test('sorted and unsorted input give the same set', () => {
    expect([...of('a', 'b', 'c')]).toEqual([...of('c', 'a', 'b', 'a')])
  })

  test('every member is found, and nothing else', () => {
    const members = Array.from({ length: 257 }, (_, index) => `label-${index}`)
    const labels = of(...members)
    expect(labels.size).toBe(257)
    expect(members.filter((label) => !labels.has(label))).toEqual([])
    expect(['', 'label-', 'label-257', 'LABEL-1', 'label-1 '].filter((label) => labels.has(label))).toEqual(
      [],
    )
    expect(labels.has(1 as never)).toBe(false)
    expect(labels.has({ toString: () => 'label-1' } as never)).toBe(false)
  })

  test('members beyond the write limits are kept, the empty one too', () => {
    const long = 'x'.repeat(1000)
    expect([...of('', long)]).toEqual(['', long])
  })

  test('the empty set is one object', () => {
    expect(of()).toBe(of())
    expect(of().size).toBe(0)
    expect(of().has('')).toBe(false)
  })

  test('a set of a set is that set', () => {
    const labels = of('a')
    expect(ReadonlyLabelSet.from(labels)).toBe(labels)
  })

  test('JSON shows the labels, inspection only how many', () => {
    expect(JSON.stringify({ labels: of('b', 'a') })).toBe('{"labels":["a","b"]}')
    expect(inspect({ labels: of('secret') })).toBe('{ labels: ReadonlyLabelSet(1) }')
    expect(inspect(ReadonlyLabelSet.prototype)).not.toContain('secret')
  })
})

describe('what it refuses', () => {
  test.each([
    ['a number', [1]],
    ['a hole', Object.assign([], { length: 1 })],
    ['a lone surrogate', ['\ud800']],
    ['a string', 'pii'],
    ['no iterable', {}],
  ])('%s', (_, labels) => {
    expect(() => ReadonlyLabelSet.from(labels as string[])).toThrow(TypeError)
  })

  test('construction, and extension', () => {
    const Open = ReadonlyLabelSet as unknown as new (...parameters: unknown[]) => ReadonlyLabelSet
    expect(() => new Open([])).toThrow('use ReadonlyLabelSet.from')
    expect(() => new Open(['a'], Symbol('ReadonlyLabelSet'))).toThrow('use ReadonlyLabelSet.from')
    class Extended extends Open {}
    expect(() => new Extended([])).toThrow('use ReadonlyLabelSet.from')
    expect((Extended as unknown as typeof ReadonlyLabelSet).from(['a'])).not.toBeInstanceOf(Extended)
  })
})

describe('what hostile code can do to it', () => {
  test('nothing, on the object, its prototype or its class', () => {
    for (const target of [of('a'), ReadonlyLabelSet.prototype, ReadonlyLabelSet]) {
      expect(Object.isFrozen(target)).toBe(true)
      expect(() => Object.assign(target, { has: () => false })).toThrow(TypeError)
      expect(() => Object.assign(target, { from: () => [] })).toThrow(TypeError)
      expect(() => Object.setPrototypeOf(target, null)).toThrow(TypeError)
    }
  })

  test('an object that looks like one is not taken for one', () => {
    const forged = Object.create(ReadonlyLabelSet.prototype) as ReadonlyLabelSet
    expect(ReadonlyLabelSet.is(forged)).toBe(false)
    expect(ReadonlyLabelSet.is(new Set())).toBe(false)
    expect(ReadonlyLabelSet.is(null)).toBe(false)
    expect(ReadonlyLabelSet.is(of())).toBe(true)
    expect(() => forged.size).toThrow(TypeError)
    expect(() => ReadonlyLabelSet.from(forged)).toThrow(TypeError)
  })

  test('the array it was made from, and the one that it gives, are not its own', () => {
    const given = ['b', 'c']
    const labels = ReadonlyLabelSet.from(given)
    given[0] = 'changed'
    labels.toJSON().pop()
    expect([...labels]).toEqual(['b', 'c'])
  })

  test('patched built-ins never see an array of its own', () => {
    /* oxlint-disable eslint/no-extend-native, typescript/unbound-method -- what hostile code would do */
    const labels = of('a', 'b')
    const seen: unknown[] = []
    const iterate = Array.prototype[Symbol.iterator]
    const has = Set.prototype.has
    try {
      Array.prototype[Symbol.iterator] = function spy(this: unknown[]) {
        seen.push(this)
        return iterate.call(this)
      } as typeof iterate
      Set.prototype.has = function spy(this: Set<unknown>, value: unknown) {
        seen.push(this)
        return has.call(this, value)
      }
      labels.has('a')
      for (const _ of labels) labels.toJSON()
    } finally {
      Array.prototype[Symbol.iterator] = iterate
      Set.prototype.has = has
    }
    /* oxlint-enable eslint/no-extend-native, typescript/unbound-method */
    expect(seen).toEqual([])
  })
})
