import * as indelible from 'indelible'
import * as enforcement from 'indelible/enforcement'
import * as testing from 'indelible/testing'
import { expect, test } from 'vitest'

test.each([
  [
    'indelible',
    indelible,
    [
      'ConfigError',
      'MAX_LABELS_PER_CALL',
      'MAX_LABEL_BYTES',
      'MAX_SESSIONS_PER_CALL',
      'MAX_SESSION_ID_BYTES',
      'MemorySessionStore',
      'ReadonlyLabelSet',
      'StoreError',
      'ValkeySessionStore',
      'openSessionStore',
    ],
  ],
  [
    'indelible/enforcement',
    enforcement,
    ['VIOLATION_CODES', 'resolveLegacySession', 'resolveSession', 'runPhase'],
  ],
  ['indelible/testing', testing, ['ScriptedSessionStore', 'sessionStoreContract']],
])('%s exports what it promises, and nothing else', (_, module, names) => {
  expect(Object.keys(module).sort()).toEqual(names)
})

test('the limits are those of the documentation', () => {
  const { MAX_LABELS_PER_CALL, MAX_LABEL_BYTES, MAX_SESSIONS_PER_CALL, MAX_SESSION_ID_BYTES } = indelible
  expect([MAX_SESSION_ID_BYTES, MAX_SESSIONS_PER_CALL]).toEqual([4096, 16])
  expect([MAX_LABEL_BYTES, MAX_LABELS_PER_CALL]).toEqual([256, 1000])
})

test('the codes of violations are those of the documentation', () => {
  expect(enforcement.VIOLATION_CODES).toEqual({
    loadFailed: 'session.load_failed',
    persistFailed: 'session.persist_failed',
    policyFailed: 'policy.failed',
  })
})
