import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { MAX_POLICY_BYTES } from '../storage/policy-document.js'
import type { PolicyDocument } from '../storage/policy-document.js'
import { policyToJson } from '../storage/policy-json.js'
import type { PolicyCache } from '../storage/policy-store.js'
import { assertRefused, freshId, registerClauses, untyped, valueOf } from './storage-contract.js'
import type { StorageClause, StorageContract } from './storage-contract.js'

/**
 * Registers one test for every promise of the `PolicyCache` of `indelible/storage`. Ids are random, so the suite can
 * run beside other users of a server.
 */
export function policyCacheContract(contract: StorageContract<PolicyCache>): void {
  registerClauses(contract, CLAUSES)
}

const POLICY: PolicyDocument = {
  version: 4294967295,
  name: 'ünï "quoted"\n',
  rules: [
    { actionPattern: 'tool_call/*', decision: 'Allow' },
    { actionPattern: '', decision: 'RequireApproval' },
    { actionPattern: 'fs/write', decision: 'Deny' },
  ],
  enforcementMode: 'observe',
}

const CLAUSES: readonly StorageClause<PolicyCache>[] = [
  {
    name: 'a policy that was cached is found, whole',
    async run(cache) {
      const agent = freshId()
      assert.equal(valueOf(await cache.cachePolicy(agent, POLICY)), undefined)
      assert.deepEqual(valueOf(await cache.getPolicy(agent)), POLICY)
      assert.deepEqual(valueOf(await cache.getPolicy(agent.toUpperCase())), POLICY)
      assert.deepEqual(valueOf(await cache.getPolicy(Buffer.from(agent, 'hex'))), POLICY)
    },
  },
  {
    name: 'a policy that was never cached is null',
    async run(cache) {
      assert.equal(valueOf(await cache.getPolicy(freshId())), null)
    },
  },
  {
    name: 'caching again replaces the policy',
    async run(cache) {
      const agent = freshId()
      const next: PolicyDocument = { version: 0, name: '', rules: [], enforcementMode: 'disabled' }
      valueOf(await cache.cachePolicy(agent, POLICY))
      valueOf(await cache.cachePolicy(agent, next))
      assert.deepEqual(valueOf(await cache.getPolicy(agent)), next)
    },
  },
  {
    name: 'an invalidated policy is null, and may be invalidated again',
    async run(cache) {
      const [agent, other] = [freshId(), freshId()]
      valueOf(await cache.cachePolicy(agent, POLICY))
      valueOf(await cache.cachePolicy(other, POLICY))
      assert.equal(valueOf(await cache.invalidate(agent)), undefined)
      assert.equal(valueOf(await cache.invalidate(agent)), undefined)
      assert.equal(valueOf(await cache.getPolicy(agent)), null)
      assert.notEqual(valueOf(await cache.getPolicy(other)), null)
    },
  },
  {
    name: 'a policy ends with its time',
    async run(cache) {
      const agent = freshId()
      valueOf(await cache.cachePolicy(agent, POLICY, 1))
      assert.deepEqual(valueOf(await cache.getPolicy(agent)), POLICY)
      await sleep(1_100) // the promise is one of time
      assert.equal(valueOf(await cache.getPolicy(agent)), null)
    },
  },
  {
    name: 'a policy without a mode is enforced',
    async run(cache) {
      const agent = freshId()
      const { enforcementMode: _, ...document } = POLICY
      valueOf(await cache.cachePolicy(agent, document as PolicyDocument))
      assert.deepEqual(valueOf(await cache.getPolicy(agent)), { ...document, enforcementMode: 'enforce' })
    },
  },
  {
    name: 'a policy of 1 MiB is kept, and one of a byte more is refused',
    async run(cache) {
      const agent = freshId()
      const room = MAX_POLICY_BYTES - policyToJson({ ...POLICY, name: '' }).length
      const greatest = { ...POLICY, name: 'é'.repeat((room - (room % 2)) / 2) + 'n'.repeat(room % 2) }
      const tooLong = { ...greatest, name: `${greatest.name}n` }
      assertRefused(await cache.cachePolicy(agent, tooLong), 'cache-policy', /document: .*1048576 bytes/)
      assert.equal(valueOf(await cache.getPolicy(agent)), null)
      valueOf(await cache.cachePolicy(agent, greatest))
      assert.deepEqual(valueOf(await cache.getPolicy(agent)), greatest)
    },
  },
  {
    name: 'arguments that are no policies are refused by name, and nothing is cached',
    async run(cache) {
      const agent = freshId()
      for (const [document, field] of [
        [null, /document: /],
        [{ ...POLICY, version: 2 ** 32 }, /document\.version: /],
        [{ ...POLICY, version: -1 }, /document\.version: /],
        [{ ...POLICY, name: undefined }, /document\.name: /],
        [{ ...POLICY, name: '\ud800' }, /document\.name: /],
        [{ ...POLICY, rules: {} }, /document\.rules: /],
        [
          { ...POLICY, rules: [{ actionPattern: 'x', decision: 'allow' }] },
          /document\.rules\[0\]\.decision: /,
        ],
        [{ ...POLICY, rules: [{ decision: 'Allow' }] }, /document\.rules\[0\]\.actionPattern: /],
        [{ ...POLICY, enforcementMode: 'Enforce' }, /document\.enforcementMode: /],
      ] as const) {
        assertRefused(await cache.cachePolicy(agent, untyped(document)), 'cache-policy', field)
      }
      for (const ttlSecs of [0, -1, 1.5, 2 ** 31 + 1, '300']) {
        assertRefused(await cache.cachePolicy(agent, POLICY, untyped(ttlSecs)), 'cache-policy', /ttlSecs: /)
      }
      assertRefused(await cache.getPolicy('x'), 'get-policy', /agentId: /)
      assertRefused(await cache.invalidate('x'), 'invalidate-policy', /agentId: /)
      assert.equal(valueOf(await cache.getPolicy(agent)), null)
    },
  },
]
