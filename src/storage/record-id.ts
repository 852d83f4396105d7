import { InvalidArgument, kindOf } from '../invalid-argument.js'

/**
 * The id of a session or an agent: 16 bytes, or 32 hexadecimal characters. Upper case is read and means the same id;
 * what this package answers and writes is lower case.
 */
export type RecordId = string | Uint8Array

const ID_BYTES = 16
const CANONICAL = /^[0-9a-f]{32}$/
const HEX = /^[0-9a-fA-F]{32}$/

/** The canonical form of `id`: 32 lower-case hexadecimal characters. Never throws. */
export function readRecordId(id: unknown, field: string): string | InvalidArgument {
  if (typeof id === 'string') {
    if (CANONICAL.test(id)) return id
    if (HEX.test(id)) return id.toLowerCase()
    return new InvalidArgument(
      `${field}: expected 32 hexadecimal characters, found a string of another form; pass an id of 16 bytes`,
    )
  }
  if (id instanceof Uint8Array) {
    if (id.length === ID_BYTES) return Buffer.from(id).toString('hex')
    return new InvalidArgument(`${field}: expected ${ID_BYTES} bytes, found ${id.length}`)
  }
  return new InvalidArgument(
    `${field}: expected 32 hexadecimal characters or a Uint8Array of ${ID_BYTES} bytes, found ${kindOf(id)}`,
  )
}
