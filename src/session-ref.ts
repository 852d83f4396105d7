import { InvalidArgument, isArray, kindOf } from './invalid-argument.js'
import { ILL_FORMED, utf8Length } from './utf8.js'

/**
 * Whose labels a call is about: one session id, or 1 to {@link MAX_SESSIONS_PER_CALL} ids of which duplicates
 * collapse. A load answers the union of all of them, an append writes to every one.
 *
 * An id is 1 to {@link MAX_SESSION_ID_BYTES} bytes of UTF-8, taken as it is: case, white space, NUL and Unicode
 * normal form all tell ids apart.
 */
export type SessionRef = string | readonly string[]

/** The longest session id, in UTF-8 bytes. */
export const MAX_SESSION_ID_BYTES = 4096

/** The most session ids one call may name, duplicates included. */
export const MAX_SESSIONS_PER_CALL = 16

/** Why `id` is no session id, or `undefined` when it is one. Never throws; allocates only to tell a problem. */
function sessionIdProblem(id: unknown, field: string = 'session'): string | undefined {
  if (typeof id !== 'string') {
    return `${field}: expected a session id (a string), found ${kindOf(id)}`
  }
  if (id === '') return `${field}: the session id is empty; leave the session out if there is none`
  // Every UTF-16 unit takes a byte or more, so this bounds the walk below as well.
  const bytes = id.length > MAX_SESSION_ID_BYTES ? id.length : utf8Length(id)
  if (bytes === ILL_FORMED) {
    return `${field}: the session id has a lone surrogate and therefore no UTF-8 form; pass well-formed text`
  }
  if (bytes > MAX_SESSION_ID_BYTES) {
    return `${field}: the session id is over ${MAX_SESSION_ID_BYTES} UTF-8 bytes; pass a digest of it`
  }
  return undefined
}

/**
 * Reads what a caller passed as a {@link SessionRef} into distinct ids, in the order given. Each element is read
 * once, so an array that answers differently the second time (a getter, a proxy) cannot slip past the checks.
 */
export function readSessionIds(session: unknown): readonly string[] | InvalidArgument {
  if (!isArray(session)) {
    const problem =
      typeof session === 'string'
        ? sessionIdProblem(session)
        : `session: expected a string or an array of strings, found ${kindOf(session)}`
    return problem === undefined ? [session as string] : new InvalidArgument(problem)
  }
  try {
    return readArray(session)
  } catch (cause) {
    return new InvalidArgument('session: reading the array threw; pass a plain array of strings', cause)
  }
}

function readArray(session: readonly unknown[]): readonly string[] | InvalidArgument {
  const { length } = session
  if (length === 0) return new InvalidArgument('session: the array is empty; name at least one session id')
  if (!(length <= MAX_SESSIONS_PER_CALL)) {
    return new InvalidArgument(`session: more than ${MAX_SESSIONS_PER_CALL} session ids; split the call`)
  }
  const ids: string[] = []
  for (let index = 0; index < length; index++) {
    const id = session[index]
    const problem = sessionIdProblem(id, `session[${index}]`)
    if (problem !== undefined) return new InvalidArgument(problem)
    if (!ids.includes(id as string)) ids.push(id as string)
  }
  return ids
}
