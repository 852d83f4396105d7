/** What {@link utf8Length} answers for text that has no UTF-8 form: a lone surrogate. */
export const ILL_FORMED = -1

/**
 * The number of bytes of `text` in UTF-8, or {@link ILL_FORMED}. Allocates nothing.
 *
 * Written out because `Buffer.byteLength` counts a lone surrogate as U+FFFD: two session ids that differ only
 * there would become one key (`docs/soundness.md`, line 16).
 */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 3
    else {
      const next = text.charCodeAt(index + 1) // NaN past the end, which no comparison lets through
      if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return ILL_FORMED
      bytes += 4
      index += 1
    }
  }
  return bytes
}

/**
 * Orders two well-formed strings by their UTF-8 bytes: negative, zero or positive, as `Array.prototype.sort`
 * wants it. That is the order of code points, which `<` on strings is not: UTF-16 puts U+10000 and above
 * (surrogates, D800 to DFFF) before U+E000 to U+FFFF.
 */
export function compareUtf8(left: string, right: string): number {
  const shared = Math.min(left.length, right.length)
  for (let index = 0; index < shared; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) return codePointRank(a) - codePointRank(b)
  }
  return left.length - right.length
}

/** Moves the surrogates above every other code unit and keeps the order otherwise. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit > 0xdfff ? unit - 0x800 : unit + 0x2000
}
