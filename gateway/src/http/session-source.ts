import type { IdentityView } from 'indelible/enforcement'
import type { GatewayConfig } from '../config/gateway-config.js'
import { refusal } from './refusal.js'
import type { Refusal } from './refusal.js'
import type { RequestHeaders } from './request-headers.js'

/** The session a client states, in the terms of the session identity; empty when it states none. */
export type StatedSession = Pick<IdentityView, 'sessionHeader' | 'sessionMeta'>

export type StatedSessionResult =
  | { readonly ok: true; readonly stated: StatedSession }
  | { readonly ok: false; readonly refusal: Refusal }

const SESSION_ID = /^[\x21-\x7e]{1,256}$/

/** Reads the id of the agent session that a client states: the configured header first, then the `_meta` key. */
export class SessionSource {
  readonly #header: string | undefined
  readonly #metaKey: string | undefined

  constructor(config: GatewayConfig['session']) {
    this.#header = config?.header?.toLowerCase()
    this.#metaKey = config?.metaKey
  }

  /** Whether clients can name a session at all, and so leave one. */
  get clientChosen(): boolean {
    return this.#header !== undefined || this.#metaKey !== undefined
  }

  /**
   * @param content `params` of a request, `result` or `error` of an answer.
   * @returns a refusal for an id that is present and ill-formed: ignoring it would change the session.
   */
  read(headers: RequestHeaders, content: unknown): StatedSessionResult {
    const header = this.#header === undefined ? undefined : headers.get(this.#header)
    if (header !== undefined)
      return isSessionId(header) ? { ok: true, stated: { sessionHeader: header } } : ILL_FORMED
    const meta = this.#metaKey === undefined ? undefined : metaValue(content, this.#metaKey)
    if (meta === undefined) return { ok: true, stated: {} }
    return isSessionId(meta) ? { ok: true, stated: { sessionMeta: meta } } : ILL_FORMED
  }
}

const ILL_FORMED: StatedSessionResult = {
  ok: false,
  refusal: refusal(400, 'the session id must be 1 to 256 visible ASCII characters'),
}

function isSessionId(id: unknown): id is string {
  return typeof id === 'string' && SESSION_ID.test(id)
}

function metaValue(content: unknown, key: string): unknown {
  const meta = (content as { readonly _meta?: unknown } | null | undefined)?._meta
  if (typeof meta !== 'object' || meta === null || !Object.hasOwn(meta, key)) return undefined
  return (meta as Record<string, unknown>)[key]
}
