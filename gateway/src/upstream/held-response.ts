import { isUtf8 } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
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
export class HeldExchange {
  readonly result: Promise<HeldResult>
  readonly handler: Dispatcher.DispatchHandler

  constructor(response: ServerResponse) {
    let settle!: (result: HeldResult) => void
    this.result = new Promise((resolve) => (settle = resolve))
    const chunks: Buffer[] = []
    let length = 0
    let head: { readonly status: number; readonly headers: Record<string, string> } | undefined
    let events: HeldEvents | undefined

    this.handler = {
      onRequestStart(controller) {
        const gone = (): void => controller.abort(new Error('the client is gone'))
        if (response.destroyed) gone()
        else response.once('close', gone) // without effect once the answer is complete
      },
      onResponseStart(controller, status, headers) {
        if (status < 200) return
        const checked = checkResponse(status, headers)
        if (!checked.ok) return stop(controller, checked.failure)
        head = { status, headers: checked.headers }
        if (isEventStream(checked.headers['content-type'])) events = new HeldEvents()
      },
      onResponseData(controller, chunk) {
        chunks.push(chunk)
        length += chunk.length
        if (length > MAX_HELD_BYTES) return stop(controller, 'too-large')
        const failure = events?.push(chunk)
        if (failure !== undefined) stop(controller, failure)
      },
      onResponseEnd() {
        const body = Buffer.concat(chunks)
        const messages = events === undefined ? singleMessage(head!.headers['content-type'], body) : events.end()
        settle(messages === undefined ? { ok: false, failure: 'undecodable' } : { ok: true, held: { ...head!, body, messages } })
      },
      onResponseError(_controller, error) {
        settle({ ok: false, failure: failureOf(error) })
      },
    }

    function stop(controller: Dispatcher.DispatchController, failure: UpstreamFailure): void {
      settle({ ok: false, failure })
      controller.abort(new Error(`refused: ${failure}`))
    }
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
