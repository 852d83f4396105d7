import { createHash } from 'node:crypto'

import { InvalidArgument, kindOf } from '../invalid-argument.js'
import { ILL_FORMED, utf8Length } from '../utf8.js'

/** The longest key of a counter, in UTF-8 bytes. */
export const MAX_RATE_LIMIT_KEY_BYTES = 4096

/** What {@link rateLimitKey} makes is at most this long; beyond it stands a digest. */
const MAX_JOINED_BYTES = 512

/** `key` as the key of a counter: 1 to {@link MAX_RATE_LIMIT_KEY_BYTES} bytes of UTF-8. Never throws. */
export function readRateLimitKey(key: unknown): string | InvalidArgument {
  if (typeof key !== 'string') return new InvalidArgument(`key: expected a string, found ${kindOf(key)}`)
  if (key === '') return new InvalidArgument('key: the key is empty; name what is counted')
  const bytes = key.length > MAX_RATE_LIMIT_KEY_BYTES ? key.length : utf8Length(key)
  if (bytes === ILL_FORMED) {
    return new InvalidArgument('key: a lone surrogate has no UTF-8 form; pass well-formed text')
  }
  if (bytes <= MAX_RATE_LIMIT_KEY_BYTES) return key
  return new InvalidArgument(`key: over ${MAX_RATE_LIMIT_KEY_BYTES} UTF-8 bytes; pass a digest of it`)
}

/**
 * One key out of several parts, such as a tenant and an address. Each part stands behind its length, so `a`, `b:c`
 * and `a:b`, `c` are two keys, whatever a client may write into a part. What would be long becomes a SHA-256.
 */
export function rateLimitKey(parts: readonly string[]): string | InvalidArgument {
  if (parts.length === 0) return new InvalidArgument('key: no parts; name what is counted')
  let joined = ''
  for (const [index, part] of parts.entries()) {
    if (typeof part !== 'string') {
      return new InvalidArgument(`key[${index}]: expected a string, found ${kindOf(part)}`)
    }
    const bytes = utf8Length(part)
    if (bytes === ILL_FORMED) {
      return new InvalidArgument(`key[${index}]: a lone surrogate has no UTF-8 form; pass well-formed text`)
    }
    joined += `${bytes}:${part}`
  }
  if (joined.length <= MAX_JOINED_BYTES && utf8Length(joined) <= MAX_JOINED_BYTES) return joined
  // No joined key begins with a letter, so the two forms never meet.
  return `sha256:${createHash('sha256').update(joined, 'utf8').digest('hex')}`
}
