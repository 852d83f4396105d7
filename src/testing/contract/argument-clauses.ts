import assert from 'node:assert/strict'

import { MAX_LABEL_BYTES, MAX_LABELS_PER_CALL } from '../../label.js'
import { MAX_SESSION_ID_BYTES, MAX_SESSIONS_PER_CALL } from '../../session-ref.js'
import type { SessionStore } from '../../session-store.js'
import { freshSession, labelsOf, refusalOf } from './clause.js'
import type { Clause } from './clause.js'

/** Would show up in a message that quotes the value it refuses. */
const SECRET = 'hunter2'

const LONE_SURROGATES = [`${SECRET}\ud800`, `\udc00${SECRET}`, `${SECRET}\ud800x`, `\udc00\udc00${SECRET}`]

function thrower(): never {
  throw new RangeError('thrown by the caller')
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable([], {})
  revoke()
  return proxy
}

/** Values by name; built anew for each use, since some can be read only once. */
const BAD_SESSIONS: readonly (readonly [string, () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['a number', () => 1],
  ['a symbol', () => Symbol(SECRET)],
  ['an object', () => ({ toString: () => SECRET })],
  ['a Set', () => new Set([freshSession()])],
  ['a String object', () => new String(SECRET)],
  ['the empty id', () => ''],
  ['an id that is too long', () => SECRET.padEnd(MAX_SESSION_ID_BYTES + 1, 'x')],
  ['an id whose bytes are too many', () => 'é'.repeat(MAX_SESSION_ID_BYTES / 2 + 1)],
  ...LONE_SURROGATES.map((id, index) => [`lone surrogate ${index}`, () => id] as const),
  ['no ids', () => []],
  ['too many ids', () => Array.from({ length: MAX_SESSIONS_PER_CALL + 1 }, freshSession)],
  ['too many equal ids', () => Array.from({ length: MAX_SESSIONS_PER_CALL + 1 }, () => SECRET)],
  ['an empty id among others', () => [freshSession(), '']],
  ['a lone surrogate among others', () => [freshSession(), ...LONE_SURROGATES.slice(0, 1)]],
  ['a number among others', () => [freshSession(), 1]],
  ['nested ids', () => [[freshSession()]]],
  ['a hole', () => Object.assign([], { length: 1 })],
  ['a throwing getter', () => Object.defineProperty([], 0, { get: thrower })],
  ['a throwing proxy', () => new Proxy([], { get: thrower })],
  ['a revoked proxy', revokedProxy],
]

function* endlessly(label: string): Generator<string> {
  for (;;) yield label
}

const BAD_LABELS: readonly (readonly [string, () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['a number', () => 1],
  ['a string', () => SECRET],
  ['an object', () => ({ [SECRET]: true })],
  ['a function', () => () => SECRET],
  ['an async iterable', () => ({ async *[Symbol.asyncIterator]() {} })],
  ['an iterator that is none', () => ({ [Symbol.iterator]: () => SECRET })],
  ['a throwing iterator', () => ({ [Symbol.iterator]: thrower })],
  ['a throwing next', () => ({ [Symbol.iterator]: () => ({ next: thrower }) })],
  [
    'a throwing return',
    () => ({ [Symbol.iterator]: () => ({ next: () => ({ value: '' }), return: thrower }) }),
  ],
  ['a throwing getter', () => Object.defineProperty({}, Symbol.iterator, { get: thrower })],
  ['a throwing element', () => Object.defineProperty([], 0, { get: thrower })],
  ['a throwing proxy', () => new Proxy([], { get: thrower })],
  ['a revoked proxy', revokedProxy],
  ['the empty label', () => ['good', '']],
  ['a number among labels', () => ['good', 1]],
  ['a String object', () => ['good', new String(SECRET)]],
  ['a hole', () => Object.assign(['good'], { length: 2 })],
  ['a label that is too long', () => ['good', SECRET.padEnd(MAX_LABEL_BYTES + 1, 'x')]],
  ['a label whose bytes are too many', () => ['good', 'é'.repeat(MAX_LABEL_BYTES / 2 + 1)]],
  ...LONE_SURROGATES.map((label, index) => [`lone surrogate ${index}`, () => ['good', label]] as const),
  [
    'too many labels',
    () => Array.from({ length: MAX_LABELS_PER_CALL + 1 }, (_, index) => `${SECRET}-${index}`),
  ],
  ['too many equal labels', () => Array.from({ length: MAX_LABELS_PER_CALL + 1 }, () => SECRET)],
  ['a million labels', () => Array.from({ length: 1_000_000 }, (_, index) => `${SECRET}-${index}`)],
  ['endless labels', () => endlessly(SECRET)],
]

const BAD_OPTIONS: readonly (readonly [string, () => unknown])[] = [
  ['null', () => null],
  ['a signal in place of options', () => 'signal'],
  ['a signal that is none', () => ({ signal: { aborted: false } })],
  ['a forged signal', () => ({ signal: Object.create(AbortSignal.prototype) as unknown })],
  [
    'a throwing signal',
    () => ({
      get signal() {
        return thrower()
      },
    }),
  ],
]

/** Calls with what TypeScript would not let through. */
function untyped(store: SessionStore): {
  load: (session: unknown, options?: unknown) => ReturnType<SessionStore['loadLabels']>
  append: (session: unknown, labels: unknown, options?: unknown) => ReturnType<SessionStore['appendLabels']>
} {
  return {
    load: (session, options) => store.loadLabels(session as string, options as object),
    append: (session, labels, options) =>
      store.appendLabels(session as string, labels as string[], options as object),
  }
}

function assertInvalid(
  result: Parameters<typeof refusalOf>[0],
  operation: 'load' | 'append',
  field: RegExp,
): void {
  const { message } = refusalOf(result, operation, 'ERR_STORE_INVALID_ARGUMENT')
  assert.match(message, field)
  assert.ok(!message.includes(SECRET), 'the message must not quote the value')
}

/** What is refused before anything is sent, stored or lost. */
export const argumentClauses: readonly Clause[] = [
  ...BAD_SESSIONS.map(([name, session]) => ({
    name: `refuses as session: ${name}`,
    async run(store: SessionStore) {
      const { load, append } = untyped(store)
      assertInvalid(await load(session()), 'load', /session/)
      assertInvalid(await append(session(), ['pii']), 'append', /session/)
      assertInvalid(await append(session(), []), 'append', /session/)
    },
  })),
  ...BAD_LABELS.map(([name, labels]) => ({
    name: `refuses as labels, the good ones among them too: ${name}`,
    async run(store: SessionStore) {
      const session = freshSession()
      assertInvalid(await untyped(store).append(session, labels()), 'append', /label/)
      assert.deepEqual(await labelsOf(store, session), [])
    },
  })),
  ...BAD_OPTIONS.map(([name, options]) => ({
    name: `refuses as options: ${name}`,
    async run(store: SessionStore) {
      const { load, append } = untyped(store)
      const session = freshSession()
      assertInvalid(await load(session, options()), 'load', /options/)
      assertInvalid(await append(session, ['pii'], options()), 'append', /options/)
      assert.deepEqual(await labelsOf(store, session), [])
    },
  })),
]
