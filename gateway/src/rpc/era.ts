import type { RpcMessage } from './message.js'

/** The first protocol revision without sessions, `initialize` and the GET stream. */
const FIRST_MODERN_VERSION = '2026-07-28'

/** The `_meta` key under which a modern request carries its protocol version. */
const VERSION_META_KEY = 'io.modelcontextprotocol/protocolVersion'

/**
 * `legacy`: revisions up to 2025-11-25 (handshake, optional `Mcp-Session-Id`, GET stream).
 * `modern`: 2026-07-28 and later (stateless, mirrored headers).
 */
export type Era = 'legacy' | 'modern'

/** The era a version belongs to. Revisions are dates, so text order is time order. */
export function eraOfVersion(version: string | undefined): Era {
  return version !== undefined && version >= FIRST_MODERN_VERSION ? 'modern' : 'legacy'
}

/** The era of a message: either sign of a modern client makes it modern, so that its headers get checked. */
export function eraOf(version: string | undefined, message: RpcMessage): Era {
  if (message.kind !== 'response' && bodyVersion(message.params) !== undefined) return 'modern'
  return eraOfVersion(version)
}

/** The protocol version that `params._meta` states, if any; a value that is no string is returned as is. */
export function bodyVersion(params: Readonly<Record<string, unknown>>): unknown {
  const meta = params['_meta']
  if (typeof meta !== 'object' || meta === null || !Object.hasOwn(meta, VERSION_META_KEY)) return undefined
  return (meta as Record<string, unknown>)[VERSION_META_KEY]
}
