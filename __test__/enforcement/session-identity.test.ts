import { resolveLegacySession, resolveSession } from 'indelible/enforcement'
import type { IdentityView } from 'indelible/enforcement'
import { describe, expect, test } from 'vitest'

const EVERYTHING: IdentityView = {
  issuer: 'https://issuer.example',
  subject: 'alice',
  agentSession: 'sess-upstream',
  sessionClaim: 'tok',
  sessionHeader: 'header',
  sessionMeta: 'meta',
  callerAgent: 'agent-007',
  thisAgent: 'gw',
}

describe('the legacy strategy', () => {
  test.each<[string, IdentityView, string, string]>([
    ['the agent session', EVERYTHING, '68755f41a98324d6', 'agent'],
    ['then the claim', { ...EVERYTHING, agentSession: undefined }, '85165fea460e8fd9', 'claim'],
    ['then the identity', { subject: 'alice' }, 'ba39ffa8b6f918b2', 'identity'],
    [
      'with the agents',
      { subject: 'alice', callerAgent: 'agent-007', thisAgent: 'gw' },
      '081d9c8d2a06d904',
      'identity',
    ],
    [
      'never a client header',
      { subject: 'alice', sessionHeader: 'a', sessionMeta: 'b' },
      'ba39ffa8b6f918b2',
      'identity',
    ],
  ])('takes %s', (_, view, session, source) => {
    expect(resolveLegacySession(view)).toEqual({ keys: { session }, source, clientChosen: false })
  })

  test('folds what it joins, which is why it is not the default', () => {
    const one = resolveLegacySession({ subject: 'alice:foo', sessionClaim: 'bar' })
    expect(resolveLegacySession({ subject: 'alice', sessionClaim: 'foo:bar' })).toEqual(one)
  })
})

describe('the default strategy', () => {
  test('gives full digests that never change', () => {
    expect(resolveSession(EVERYTHING)).toEqual({
      keys: {
        session: '91987f33100d3c732bec4d6d52fbfdadea3de05877fab45eb395439e935ac0c2',
        principal: 'b6e2ab7467598ac17e573c248619a0f6e4889dce84cd71df2776dc059eff9338',
      },
      source: 'agent',
      clientChosen: false,
    })
  })

  test('takes agent, claim, header, meta, in this order', () => {
    const { agentSession: _, ...claim } = EVERYTHING
    const { sessionClaim: __, ...header } = claim
    const { sessionHeader: ___, ...meta } = header
    const { sessionMeta: ____, ...none } = meta
    const sources = [EVERYTHING, claim, header, meta, none].map((view) => {
      const { source, clientChosen, keys } = resolveSession(view)
      return [source, clientChosen, keys.session !== undefined]
    })
    expect(sources).toEqual([
      ['agent', false, true],
      ['claim', false, true],
      ['header', true, true],
      ['meta', true, true],
      ['identity', false, false],
    ])
  })

  test('the principal is the same whatever the session', () => {
    const { principal } = resolveSession(EVERYTHING).keys
    expect(resolveSession({ issuer: EVERYTHING.issuer, subject: 'alice' }).keys).toEqual({ principal })
  })

  test('no two views give one id', () => {
    const views: IdentityView[] = [
      { subject: 'alice:foo', sessionClaim: 'bar' },
      { subject: 'alice', sessionClaim: 'foo:bar' },
      { subject: 'alice', agentSession: 'foo:bar' },
      { subject: 'alice', sessionHeader: 'foo:bar' },
      { subject: 'alice', sessionMeta: 'foo:bar' },
      { issuer: 'alice', subject: 'claim', sessionClaim: 'foo:bar' },
      { issuer: 'a', subject: 'lice', sessionClaim: 'foo:bar' },
      { subject: 'bob', sessionClaim: 'foo:bar' },
      { subject: 'alice', sessionClaim: 'é' },
      { subject: 'alice', sessionClaim: 'e\u0301' },
      { subject: 'alice', sessionClaim: 'foo:bar ' },
    ]
    const ids = views.flatMap((view) => Object.values(resolveSession(view).keys))
    const principals = new Set(views.map(({ issuer, subject }) => JSON.stringify([issuer, subject]))).size
    expect(new Set(ids).size).toBe(views.length + principals)
  })
})

describe.each([
  ['default', resolveSession],
  ['legacy', resolveLegacySession],
])('the %s strategy', (_, resolve) => {
  test('finds no session without a subject', () => {
    const { subject: __, ...anonymous } = EVERYTHING
    expect(resolve(anonymous)).toEqual({ keys: {}, source: 'none', clientChosen: false })
  })

  test.each<[string, unknown]>([
    ['an empty subject', { subject: '' }],
    ['an empty claim', { subject: 'alice', sessionClaim: '' }],
    ['a lone surrogate', { subject: 'alice\ud800' }],
    ['a number', { subject: 1 }],
    ['null', { subject: 'alice', sessionClaim: null }],
  ])('refuses %s instead of finding no session', (__, view) => {
    expect(() => resolve(view as IdentityView)).toThrow(TypeError)
    expect(() => resolve(view as IdentityView)).toThrow(/^(subject|sessionClaim): /)
  })
})
