// What MONITOR saw: the commands as the server understood them.

import { randomUUID } from 'node:crypto'

import type { RespClient } from './resp.js'
import { type RespValue, textOrBytes } from './resp-parser.js'

/** One command that the server ran. `args` begins with the command's name as the client wrote it. */
export interface MonitoredCommand {
  readonly args: readonly (string | Buffer)[]
  /** `address:port` of the client, or `lua`. */
  readonly client: string
}

/** A recording of all commands since it began. Made by `RespClient.monitor`. */
export class Monitor implements AsyncDisposable {
  readonly #connection: RespClient
  readonly #connectAgain: () => Promise<RespClient>
  readonly #commands: MonitoredCommand[] = []
  #onCommand: (() => void) | undefined

  constructor(connection: RespClient, connectAgain: () => Promise<RespClient>) {
    this.#connection = connection
    this.#connectAgain = connectAgain
  }

  /** Takes in one line as the server pushed it. */
  record(line: RespValue): void {
    if (typeof line !== 'string') throw new Error('MONITOR pushed something that is no line of text')
    this.#commands.push(parseLine(line))
    this.#onCommand?.()
  }

  /**
   * Every command the server has run until now, in order: a marker sent on another connection has to come by first.
   * The markers and the connection that sent them are left out.
   */
  async commands(): Promise<readonly MonitoredCommand[]> {
    const marker = randomUUID()
    const isMarker = (command: MonitoredCommand): boolean => command.args[1] === marker
    await using other = await this.#connectAgain()
    await other.send('ECHO', marker)
    while (!this.#commands.some(isMarker)) {
      await new Promise<void>((resolve) => (this.#onCommand = resolve))
    }
    const end = this.#commands.findIndex(isMarker)
    const seen = this.#commands.slice(0, end)
    this.#commands.splice(end, 1)
    return seen
  }

  /** Ends the recording. */
  async close(): Promise<void> {
    await this.#connection.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** `1700000000.123456 [0 127.0.0.1:1234] "SADD" "k" "\xff"` */
function parseLine(line: string): MonitoredCommand {
  const [, client, rest] = /^[\d.]+ \[\d+ (\S+)\] (.*)$/s.exec(line) ?? []
  if (client === undefined || rest === undefined) throw new Error(`not a MONITOR line: ${line}`)
  return {
    client,
    args: Array.from(rest.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, quoted = '']) => unquote(quoted)),
  }
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, a: 7, b: 8 }

function unquote(quoted: string): string | Buffer {
  const bytes: number[] = []
  for (const [, hex, escaped, plain] of quoted.matchAll(/\\x([0-9a-f]{2})|\\(.)|([^\\]+)/gs)) {
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16))
    else if (escaped !== undefined) bytes.push(ESCAPES[escaped] ?? escaped.charCodeAt(0))
    else bytes.push(...Buffer.from(plain ?? '', 'utf8'))
  }
  return textOrBytes(Buffer.from(bytes))
}
