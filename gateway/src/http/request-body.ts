import type { IncomingMessage } from 'node:http'
import { refusal } from './refusal.js'
import type { Refusal } from './refusal.js'
import type { RequestHeaders } from './request-headers.js'

/** Largest request body in bytes: 4 MiB. */
const MAX_BODY_BYTES = 4 * 1024 * 1024

export type BodyResult =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly refusal: Refusal }
  /** The client went away, so there is nobody to answer. */
  | { readonly ok: false; readonly refusal?: undefined }

const JSON_TYPE = /^application\/json *(?:; *charset="?utf-8"? *)?$/i

/** Refuses a body by its headers: it must be plain JSON that fits, so that what is judged is what is executed. */
export function bodyHeadersRefusal(headers: RequestHeaders): Refusal | undefined {
  const encoding = headers.get('content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return refusal(400, 'the body must not be encoded; send it without Content-Encoding')
  }
  if (!JSON_TYPE.test(headers.get('content-type') ?? '')) {
    return refusal(415, 'the Content-Type must be application/json, in UTF-8')
  }
  return Number(headers.get('content-length') ?? 0) > MAX_BODY_BYTES ? tooLarge() : undefined
}

/** Collects the body, up to {@link MAX_BODY_BYTES}. Never rejects. */
export function readBody(request: IncomingMessage): Promise<BodyResult> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > MAX_BODY_BYTES) {
        request.removeAllListeners('data')
        request.resume()
        resolve({ ok: false, refusal: tooLarge() })
      } else {
        chunks.push(chunk)
      }
    })
    request.on('end', () => resolve({ ok: true, body: Buffer.concat(chunks) }))
    request.on('error', () => resolve({ ok: false }))
    request.on('close', () => resolve({ ok: false })) // after `end` this has no effect
  })
}

function tooLarge(): Refusal {
  return refusal(413, `the body exceeds ${MAX_BODY_BYTES} bytes`, { connection: 'close' })
}
