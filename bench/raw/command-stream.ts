/** One command as it stood on the wire. */
export interface SentCommand {
  /** In upper case. */
  readonly name: string
  readonly bytes: Buffer
}

/** Cuts what a client sends into commands, across the chunks in which it arrives. */
export class CommandStream {
  #bytes: Buffer = Buffer.alloc(0)

  /** @throws When the bytes are no commands as clients send them: arrays of bulk strings. */
  feed(chunk: Buffer): SentCommand[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    const commands: SentCommand[] = []
    let at = 0
    for (;;) {
      const command = commandAt(this.#bytes, at)
      if (command === undefined) break
      commands.push(command)
      at += command.bytes.length
    }
    this.#bytes = this.#bytes.subarray(at)
    return commands
  }
}

function commandAt(bytes: Buffer, start: number): SentCommand | undefined {
  const count = headerAt(bytes, start, '*')
  if (count === undefined) return undefined
  let at = count.end
  let name = ''
  for (let argument = 0; argument < count.value; argument += 1) {
    const length = headerAt(bytes, at, '$')
    if (length === undefined || length.end + length.value + 2 > bytes.length) return undefined
    if (argument === 0) name = bytes.toString('latin1', length.end, length.end + length.value).toUpperCase()
    at = length.end + length.value + 2
  }
  return { name, bytes: Buffer.from(bytes.subarray(start, at)) }
}

function headerAt(bytes: Buffer, at: number, kind: string): { value: number; end: number } | undefined {
  const end = bytes.indexOf('\r\n', at)
  if (end === -1) return undefined
  const line = bytes.toString('latin1', at, end)
  if (!line.startsWith(kind) || !/^\d+$/.test(line.slice(1))) throw new Error(`no command: ${line}`)
  return { value: Number(line.slice(1)), end: end + 2 }
}
