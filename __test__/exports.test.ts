import * as indelible from 'indelible'
import * as enforcement from 'indelible/enforcement'
import * as opentelemetry from 'indelible/opentelemetry'
import * as prometheus from 'indelible/prometheus'
import * as storage from 'indelible/storage'
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
  ['indelible/opentelemetry', opentelemetry, ['recordMetrics']],
  ['indelible/prometheus', prometheus, ['recordMetrics']],
  [
    'indelible/storage',
    storage,
    [
      'DEFAULT_POLICY_CACHE_TTL_SECS',
      'DRIVER_NAME',
      'ExpressRateLimitStore',
      'MAX_RATE_LIMIT_KEY_BYTES',
      'MemoryPolicyStore',
      'MemoryRateLimitCounter',
      'MemorySessionStore',
      'RateLimitUnavailableError',
      'ReadThroughPolicyStore',
      'RedisBackend',
      'RedisPolicyStore',
      'RedisRateLimitCounter',
      'RedisSessionStore',
      'SESSION_TTL_SECS',
      'StorageRegistry',
      'buildPool',
      'createRateLimiter',
      'fastifyRateLimitStore',
      'rateLimitHeaders',
      'register',
      'registerMemory',
    ],
  ],
  [
    'indelible/testing',
    testing,
    [
      'ScriptedSessionStore',
      'policyCacheContract',
      'rateLimitCounterContract',
      'sessionRecordContract',
      'sessionStoreContract',
    ],
  ],
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
