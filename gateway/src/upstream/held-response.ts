import { isUtf8 } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { IncomingHttpHeaders } from 'undici/types/header.js'
import { parseStrictObject } from '../rpc/strict-json.js'
import type { JsonObject } from '../rpc/strict-json.js'
import { EventStreamReader } from './event-stream.js'
import { checkResponse } from './response-check.js'
import type { UpstreamFailure } from './response-check.js'
import { failureOf } from './upstream-failure.js'

/** A complete answer of an upstream of which nothing has been passed on yet. */
export interface HeldResponse {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
  /** The JSON-RPC messages in it. */
  readonly messages: readonly JsonObject[]
}

export type HeldResult =
  | { readonly ok: true; readonly held: HeldResponse }
  | { readonly ok: false; readonly failure: UpstreamFailure }

/** Largest answer held, in bytes: 16 MiB. A larger one is refused, since it cannot be judged. */
export const MAX_HELD_BYTES: number = 16 * 1024 * 1024

/**
 * Collects an upstream's answer without passing anything on, so that its labels are known and written first.
 *
 * A server that asks the client something in between would wait for ever for a question that is held: that
 * ends the exchange as `interactive`.
 */
export class HeldExchange implements Dispatcher.DispatchHandler {
  readonly result: Promise<HeldResult>
  readonly #client: ServerResponse
  readonly #chunks: Buffer[] = []
  #settle!: (result: HeldResult) => void
  #length = 0
  #status = 0
  #headers: Record<string, string> = {}
  #events: HeldEvents | undefined

  /** @param client whose leaving ends the exchange. */
  constructor(client: ServerResponse) {
    this.#client = client
    this.result = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const gone = (): void => controller.abort(new Error('the client is gone'))
    if (this.#client.destroyed) gone()
    else this.#client.once('close', gone) // without effect once the answer is complete
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return
    const checked = checkResponse(status, headers)
    if (!checked.ok) return this.#stop(controller, checked.failure)
    this.#status = status
    this.#headers = checked.headers
    if (isEventStream(checked.headers['content-type'])) this.#events = new HeldEvents()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length > MAX_HELD_BYTES) return this.#stop(controller, 'too-large')
    const failure = this.#events?.push(chunk)
    if (failure !== undefined) this.#stop(controller, failure)
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#chunks)
    const headers = this.#headers
    const messages =
      this.#events === undefined ? singleMessage(headers['content-type'], body) : this.#events.end()
    if (messages === undefined) this.#settle({ ok: false, failure: 'undecodable' })
    else this.#settle({ ok: true, held: { status: this.#status, headers, body, messages } })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settle({ ok: false, failure: failureOf(error) })
  }

  #stop(controller: Dispatcher.DispatchController, failure: UpstreamFailure): void {
    this.#settle({ ok: false, failure })
    controller.abort(new Error(`refused: ${failure}`))
  }
}

/** The messages of a held event stream. */
class HeldEvents {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  readonly #reader = new EventStreamReader()
  readonly #messages: JsonObject[] = []

  push(chunk: Buffer): UpstreamFailure | undefined {
    const text = this.#decode(chunk)
    if (text === undefined) return 'undecodable'
    for (const data of this.#reader.push(text)) {
      const parsed = parseStrictObject(Buffer.from(data))
      if (!parsed.ok) return 'undecodable'
      if (Object.hasOwn(parsed.value, 'method') && Object.hasOwn(parsed.value, 'id')) return 'interactive'
      this.#messages.push(parsed.value)
    }
    return undefined
  }

  /** All messages, or undefined when the stream ended within an event. */
  end(): readonly JsonObject[] | undefined {
    return this.#decode() === undefined || this.#reader.unfinished ? undefined : this.#messages
  }

  /** The text of a chunk, or with none the check that no character was cut; undefined when ill-formed. */
  #decode(chunk?: Buffer): string | undefined {
    try {
      return this.#decoder.decode(chunk, { stream: chunk !== undefined })
    } catch {
      return undefined
    }
  }
}

function singleMessage(type: string | undefined, body: Buffer): readonly JsonObject[] | undefined {
  if (body.length === 0) return []
  if (!isJson(type) || !isUtf8(body)) return undefined
  const parsed = parseStrictObject(body)
  return parsed.ok ? [parsed.value] : undefined
}

function isEventStream(type: string | undefined): boolean {
  return /^text\/event-stream *(?:;|$)/i.test(type ?? '')
}

function isJson(type: string | undefined): boolean {
  return /^application\/json *(?:;|$)/i.test(type ?? '')
}
