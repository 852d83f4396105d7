import { resolveSession } from 'indelible/enforcement'
import type { SessionKeys } from 'indelible/enforcement'
import type { Admitted } from './http/admission.js'
import type { Refusal } from './http/refusal.js'
import type { SessionSource } from './http/session-source.js'

/** Who vouches for principals known by a configured token. */
const TOKEN_ISSUER = 'static'

export type CallerKeysResult =
  | { readonly ok: true; readonly keys: SessionKeys }
  | { readonly ok: false; readonly refusal: Refusal }

/** Under which ids the labels of a caller are kept: those of its principal, and of the session that it states. */
export class CallerKeys {
  readonly #sessions: SessionSource

  constructor(sessions: SessionSource) {
    this.#sessions = sessions
  }

  /** @param content `params` of a request, `result` or `error` of an answer, where a session may be stated. */
  read({ headers, principal }: Pick<Admitted, 'headers' | 'principal'>, content: unknown): CallerKeysResult {
    const session = this.#sessions.read(headers, content)
    if (!session.ok) return session
    const { keys } = resolveSession({ issuer: TOKEN_ISSUER, subject: principal, ...session.stated })
    return { ok: true, keys }
  }
}
