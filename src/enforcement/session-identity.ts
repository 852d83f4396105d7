import { createHash } from 'node:crypto'

import { kindOf } from '../invalid-argument.js'
import { ILL_FORMED, utf8Length } from '../utf8.js'
import type { SessionKeys } from './phase.js'

/**
 * What the host knows about who is calling and in which session: its full view, never only what one route may
 * see. An unknown part is left out (or `undefined`); an empty one is refused.
 */
export interface IdentityView {
  /** Who vouches for the subject, such as a token's issuer. */
  readonly issuer?: string | undefined
  /** The authenticated principal. Without one there is no session. */
  readonly subject?: string | undefined
  /** The session that an authenticated upstream agent states. */
  readonly agentSession?: string | undefined
  /** The session named by a verified claim of the token. */
  readonly sessionClaim?: string | undefined
  /** The session that the client states in a header. The client chooses it. */
  readonly sessionHeader?: string | undefined
  /** The session that the client states in the request's `_meta`. The client chooses it. */
  readonly sessionMeta?: string | undefined
  /** The agent that calls. Only the legacy strategy looks at it. */
  readonly callerAgent?: string | undefined
  /** The agent that is called, which is the host itself. Only the legacy strategy looks at it. */
  readonly thisAgent?: string | undefined
}

/** What the session id was taken from; `identity` is the principal as such, `none` no session at all. */
export type SessionSource = 'agent' | 'claim' | 'header' | 'meta' | 'identity' | 'none'

/** The ids to keep labels under, and where the session id came from. */
export interface SessionIdentity {
  readonly keys: SessionKeys
  readonly source: SessionSource
  /**
   * Whether the client could escape its labels by stating another session. Labels that must survive that need
   * the scope `principal` (`docs/soundness.md`, line 21).
   */
  readonly clientChosen: boolean
}

const NO_SESSION: SessionIdentity = Object.freeze({
  keys: Object.freeze({}),
  source: 'none',
  clientChosen: false,
})

/**
 * The default strategy: a principal's id, and a session's id that is bound to the principal, each a full SHA-256
 * over length-prefixed parts. So `alice:foo` + `bar` and `alice` + `foo:bar` differ, no two sources can name the
 * same session, and nobody reaches a session of another principal by stating its id.
 *
 * The first of these that is there names the session: agent, claim, header, `_meta`.
 *
 * @throws {TypeError} for a part that is empty, ill-formed or no string: without a session nothing would be
 *   enforced, so a broken part must not read as none.
 */
export function resolveSession(view: IdentityView): SessionIdentity {
  const subject = part(view, 'subject')
  if (subject === undefined) return NO_SESSION
  const issuer = part(view, 'issuer') ?? ''
  const principal = digest('principal', issuer, subject)

  const stated = statedSession(view)
  if (stated === undefined) return identity({ principal }, 'identity')
  const session = digest('session', issuer, subject, stated.source, stated.value)
  return identity({ session, principal }, stated.source)
}

/**
 * The strategy of the Rust originals, for a fleet that shares its sessions with them: the first 16 hex digits of
 * SHA-256 over `subject:value`, where the value is the agent's session, else the claim, else
 * `callerAgent:thisAgent` with `-` for an unknown one. What the client states is ignored. It is weaker than
 * {@link resolveSession}: 64 bits, and `:` in a part can make two views one.
 *
 * @throws {TypeError} as {@link resolveSession}.
 */
export function resolveLegacySession(view: IdentityView): SessionIdentity {
  const subject = part(view, 'subject')
  if (subject === undefined) return NO_SESSION
  const agent = part(view, 'agentSession')
  const claim = part(view, 'sessionClaim')
  const agents = `${part(view, 'callerAgent') ?? '-'}:${part(view, 'thisAgent') ?? '-'}`

  const session = createHash('sha256')
    .update(`${subject}:${agent ?? claim ?? agents}`)
    .digest('hex')
    .slice(0, 16)
  if (agent !== undefined) return identity({ session }, 'agent')
  return identity({ session }, claim === undefined ? 'identity' : 'claim')
}

function identity(keys: SessionKeys, source: SessionSource): SessionIdentity {
  const clientChosen = source === 'header' || source === 'meta'
  return Object.freeze({ keys: Object.freeze(keys), source, clientChosen })
}

const STATED = [
  ['agent', 'agentSession'],
  ['claim', 'sessionClaim'],
  ['header', 'sessionHeader'],
  ['meta', 'sessionMeta'],
] as const satisfies readonly (readonly [SessionSource, keyof IdentityView])[]

function statedSession(
  view: IdentityView,
): { readonly source: SessionSource; readonly value: string } | undefined {
  for (const [source, field] of STATED) {
    const value = part(view, field)
    if (value !== undefined) return { source, value }
  }
  return undefined
}

function part(view: IdentityView, field: keyof IdentityView): string | undefined {
  const value: unknown = view[field]
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw new TypeError(`${field}: expected a string, found ${kindOf(value)}`)
  if (value === '') throw new TypeError(`${field}: the text is empty; leave an unknown part out`)
  if (utf8Length(value) === ILL_FORMED)
    throw new TypeError(`${field}: a lone surrogate; pass well-formed text`)
  return value
}

/** Hex SHA-256 over the parts, each after its length in bytes (32 bit, big endian): no two lists give one text. */
function digest(...parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const text of parts) {
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32BE(Buffer.byteLength(text))
    hash.update(length).update(text, 'utf8')
  }
  return hash.digest('hex')
}
