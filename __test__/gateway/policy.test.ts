import { describe, expect, test } from 'vitest'
import { ConfigError } from 'indelible'
import { CedarPolicy, PolicyFailure } from '../../gateway/src/policy/cedar-policy.js'
import type { PolicyRequest } from '../../gateway/src/policy/cedar-policy.js'
import { PolicyArguments } from '../../gateway/src/policy/policy-arguments.js'
import type { PolicyVocabulary } from '../../gateway/src/policy/policy-schema.js'

const vocabulary: PolicyVocabulary = {
  principals: ['alice', 'bob'],
  upstreams: ['crm', 'files'],
  tools: ['crm/read', 'files/write'],
  prompts: [],
  actions: ['tools/call', 'resources/read', 'response'],
  arguments: { path: 'String', size: 'Long', force: 'Boolean', tags: 'Set<String>' },
}

function write(args: Record<string, unknown> = {}, labels: string[] = []): PolicyRequest {
  return {
    principal: 'alice',
    action: 'tools/call',
    resource: { type: 'Tool', id: 'files/write' },
    context: {
      labels,
      principal: 'alice',
      upstream: 'files',
      method: 'tools/call',
      tool: 'write',
      arguments: args as never,
    },
  }
}

const decide = (text: string, request: PolicyRequest) => new CedarPolicy(text, vocabulary).decide(request)

describe('a policy set that cannot do what it says stops the start', () => {
  test.each([
    ['nothing', '', /holds no policy/],
    ['what does not parse', 'permit (principal, action', /unexpected end of input/],
    ['an unknown tool', 'permit (principal, action, resource == Tool::"files/wrte");', /files\/wrte/],
    ['an unknown upstream', 'permit (principal, action, resource == Upstream::"other");', /other/],
    ['an unknown principal', 'permit (principal == Principal::"eve", action, resource);', /eve/],
    ['an unknown action', 'permit (principal, action == Action::"tools/cal", resource);', /tools\/cal/],
    ['an unknown entity type', 'permit (principal is User, action, resource);', /User/],
    [
      'an unknown attribute',
      'permit (principal, action, resource) when { context.lables.contains("x") };',
      /lables/,
    ],
    [
      'an argument not declared',
      'permit (principal, action == Action::"tools/call", resource) when { context.arguments has x && context.arguments.x == "" };',
      /tests for context.arguments.x, which no request has/,
    ],
    [
      'an argument not declared, in an `unless`',
      'permit (principal, action == Action::"tools/call", resource) unless { context.arguments has pth };',
      /tests for context.arguments.pth/,
    ],
    [
      'an attribute of no context',
      'permit (principal, action, resource) unless { context has lables };',
      /tests for context.lables/,
    ],
    [
      'what can never apply',
      '@id("a") forbid (principal, action == Action::"tools/call", resource is Resource);',
      /`a`/,
    ],
    [
      'an argument read unguarded',
      'permit (principal, action == Action::"tools/call", resource) when { context.arguments.path == "" };',
      /path/,
    ],
    [
      'an argument of another type',
      'permit (principal, action == Action::"tools/call", resource) when { context.arguments has size && context.arguments.size == "" };',
      /type/,
    ],
    ['a template', 'permit (principal == ?principal, action, resource);', /template/],
    [
      'two policies with one id',
      '@id("a") permit (principal, action, resource); @id("a") forbid (principal, action, resource);',
      /two policies with the id `a`/,
    ],
    ['an unknown annotation', '@tiant("x") forbid (principal, action, resource);', /annotation @tiant/],
    [
      'a scope without a label',
      '@scope("session") forbid (principal, action, resource);',
      /@scope without @taint/,
    ],
    [
      'an unknown scope',
      '@taint("x") @scope("world") forbid (principal, action, resource);',
      /neither session nor principal/,
    ],
    ['an empty label', '@taint("") forbid (principal, action, resource);', /1 to 256 bytes/],
    [
      'a label too long',
      `@taint("${'ü'.repeat(129)}") forbid (principal, action, resource);`,
      /1 to 256 bytes/,
    ],
  ])('%s', (_, text, problem) => {
    const open = () => new CedarPolicy(text, vocabulary)
    expect(open).toThrow(ConfigError)
    expect(open).toThrow(problem)
  })
})

describe('a decision', () => {
  test('denies when nothing permits', () => {
    expect(decide('permit (principal == Principal::"bob", action, resource);', write())).toEqual({
      allow: false,
      policies: [],
      taints: [],
      message: 'Denied: no policy permits this.',
    })
  })

  test('names the policies that decided, by @id or by position, and says their messages', () => {
    const text = `permit (principal, action, resource);
      @id("a") @message("First.") forbid (principal, action, resource);
      forbid (principal, action, resource) when { context.labels.contains("x") };`
    const { policies, message } = decide(text, write({}, ['x']))
    expect([...policies].toSorted()).toEqual(['a', 'policy2'])
    expect(message.split(/(?<=\.) /).toSorted()).toEqual(['Denied by policy policy2.', 'First.'])
  })

  test('raises the labels of the policies that decided, and of no others', () => {
    const text = `@taint("seen") permit (principal, action, resource);
      @taint("caught") @scope("principal") forbid (principal, action, resource) when { context.labels.contains("x") };`
    const taints = (labels: string[]) => decide(text, write({}, labels)).taints
    expect(taints([])).toEqual([{ label: 'seen', scope: 'session', scopeStated: false }])
    expect(taints(['x'])).toEqual([{ label: 'caught', scope: 'principal', scopeStated: true }])
  })

  test('reads arguments of every declared type', () => {
    const policy = new CedarPolicy(
      `permit (principal, action, resource);
       forbid (principal, action == Action::"tools/call", resource) when { context.arguments has path && context.arguments.path like "/etc/*" };
       forbid (principal, action == Action::"tools/call", resource) when { context.arguments has size && context.arguments.size > 10 };
       forbid (principal, action == Action::"tools/call", resource) when { context.arguments has force && context.arguments.force };
       forbid (principal, action == Action::"tools/call", resource) when { context.arguments has tags && context.arguments.tags.contains("x") };`,
      vocabulary,
    )
    const allowed = [{}, { path: '/tmp' }, { size: 10 }, { force: false }, { tags: ['y'] }]
    const denied = [{ path: '/etc/passwd' }, { size: 11 }, { force: true }, { tags: ['y', 'x'] }]
    expect(allowed.map((args) => policy.decide(write(args)).allow)).toEqual(allowed.map(() => true))
    expect(denied.map((args) => policy.decide(write(args)).allow)).toEqual(denied.map(() => false))
  })

  test('is the same for the same question, and another for another, more of them than are remembered', () => {
    const policy = new CedarPolicy(
      'permit (principal, action == Action::"tools/call", resource) when { context.arguments has path && context.arguments.path like "*0" };',
      vocabulary,
    )
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 1100; index++) {
        expect(policy.decide(write({ path: `/${index}` })).allow).toBe(index % 10 === 0)
      }
    }
  })
})

describe('what cannot be evaluated is a failure, never a decision', () => {
  const ALLOW_ALL = 'permit (principal, action, resource);'

  test('a forbid that fails, which Cedar itself would skip', () => {
    const text = `${ALLOW_ALL} @id("sum") forbid (principal, action == Action::"tools/call", resource)
      when { context.arguments has size && context.arguments.size + 9223372036854775807 > 0 };`
    expect(decide(text, write({ size: 0 })).allow).toBe(false)
    expect(decide(text, write()).allow).toBe(true)
    expect(() => decide(text, write({ size: 1 }))).toThrow(PolicyFailure)
    expect(() => decide(text, write({ size: 1 }))).toThrow(/: sum$/)
  })

  test.each([
    ['an unknown principal', { principal: 'eve' }],
    ['an unknown action', { action: 'tools/other' }],
    ['an unknown tool', { resource: { type: 'Tool', id: 'files/other' } }],
    ['an unknown entity type', { resource: { type: 'Other', id: 'x' } }],
    ['a context without labels', { context: {} }],
    ['an argument of another type', { context: { ...write().context, arguments: { path: 7 } } }],
  ])('%s', (_, change) => {
    expect(() => decide(ALLOW_ALL, { ...write(), ...(change as Partial<PolicyRequest>) })).toThrow(
      PolicyFailure,
    )
  })
})

describe('arguments for the policy', () => {
  const types = new PolicyArguments(vocabulary.arguments)

  test('are those that are declared', () => {
    const given = { path: '/x', size: 1, force: true, tags: ['a'], other: { deep: 1 } }
    expect(types.pick(given)).toEqual({ ok: true, values: { path: '/x', size: 1, force: true, tags: ['a'] } })
    expect(types.pick(undefined)).toEqual({ ok: true, values: {} })
  })

  test.each([
    [{ path: 1 }],
    [{ path: null }],
    [{ path: { __entity: { type: 'Principal', id: 'alice' } } }],
    [{ size: 1.5 }],
    [{ size: 2 ** 53 }],
    [{ size: '1' }],
    [{ force: 'true' }],
    [{ tags: 'a' }],
    [{ tags: ['a', 1] }],
    [{ Path: '/etc/passwd' }],
    [{ taGſ: ['x'] }],
    [['path']],
    ['path'],
    [null],
  ])('%j is a problem, not an absence', (given) => {
    expect(types.pick(given).ok).toBe(false)
  })
})
