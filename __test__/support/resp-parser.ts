// RESP2 as it stands on the wire, for tests only: strict about shapes, and it loses nothing (a bulk string that is
// not UTF-8 stays a Buffer, an error inside an array stays an error).

/** An error reply. `code` is its first word, for example `WRONGTYPE`. */
export class RespError extends Error {
  readonly code: string

  constructor(message: string) {
    super(message)
    this.name = 'RespError'
    this.code = message.split(' ', 1)[0] ?? ''
  }
}

/** A simple or bulk string, an integer, nil, an array, or an error nested in an array. */
export type RespValue = string | Buffer | number | null | RespError | readonly RespValue[]

const LINE_END = '\r\n'

/** Cuts a byte stream into RESP values. Throws on bytes that are not RESP2. */
export class RespParser {
  #bytes: Buffer = Buffer.alloc(0)

  /** Takes in `chunk` and returns every value that is complete by now. */
  feed(chunk: Buffer): RespValue[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    const values: RespValue[] = []
    for (;;) {
      const parsed = valueAt(this.#bytes, 0)
      if (parsed === undefined) return values
      values.push(parsed.value)
      this.#bytes = this.#bytes.subarray(parsed.end)
    }
  }
}

/** The value that begins at `start`, or undefined when its end has not arrived. */
function valueAt(bytes: Buffer, start: number): { value: RespValue; end: number } | undefined {
  const lineEnd = bytes.indexOf(LINE_END, start)
  if (lineEnd === -1) return undefined
  const text = bytes.toString('utf8', start + 1, lineEnd)
  const next = lineEnd + LINE_END.length
  const kind = String.fromCharCode(bytes[start] ?? 0)
  switch (kind) {
    case '+':
      return { value: text, end: next }
    case '-':
      return { value: new RespError(text), end: next }
    case ':':
      return { value: integer(text), end: next }
    case '$':
      return bulkAt(bytes, next, integer(text))
    case '*':
      return arrayAt(bytes, next, integer(text))
    default:
      throw new Error(`not RESP2: a value begins with ${JSON.stringify(kind)}`)
  }
}

function bulkAt(bytes: Buffer, start: number, length: number): { value: RespValue; end: number } | undefined {
  if (length === -1) return { value: null, end: start }
  const end = start + length + LINE_END.length
  if (bytes.length < end) return undefined
  return { value: textOrBytes(bytes.subarray(start, start + length)), end }
}

function arrayAt(
  bytes: Buffer,
  start: number,
  length: number,
): { value: RespValue; end: number } | undefined {
  if (length === -1) return { value: null, end: start }
  const items: RespValue[] = []
  let end = start
  while (items.length < length) {
    const item = valueAt(bytes, end)
    if (item === undefined) return undefined
    items.push(item.value)
    end = item.end
  }
  return { value: items, end }
}

function integer(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`not RESP2: ${JSON.stringify(text)} is no integer`)
  return Number(text)
}

/** The text of `bytes` when they are UTF-8, else a copy of the bytes. */
export function textOrBytes(bytes: Buffer): string | Buffer {
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : Buffer.from(bytes)
}

/** One command as an array of bulk strings. */
export function encodeCommand(args: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}${LINE_END}`)]
  for (const arg of args) {
    const bytes = typeof arg === 'string' ? Buffer.from(arg, 'utf8') : arg
    parts.push(Buffer.from(`$${bytes.length}${LINE_END}`), bytes, Buffer.from(LINE_END))
  }
  return Buffer.concat(parts)
}
