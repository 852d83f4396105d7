import { VIOLATION_CODES } from 'indelible/enforcement'
import type { Violation } from 'indelible/enforcement'
import type { CallerKeys } from './caller-keys.js'
import type { Admitted } from './http/admission.js'
import { methodNotAllowed, refusal, sendRefusal } from './http/refusal.js'
import type { Refusal } from './http/refusal.js'
import { forwardedHeaders } from './http/request-headers.js'
import type { Judgement } from './judgement.js'
import { eraOfVersion } from './rpc/era.js'
import { relayTo } from './upstream/relayed-response.js'
import { statusOf } from './upstream/response-check.js'

/** Names the last event that a client has seen of a stream, and so asks for the rest of it. */
const RESUMPTION = 'last-event-id'

/** What the legacy era does beside POST: GET opens the stream of server messages, DELETE ends a session. */
export class SessionStreams {
  readonly #keys: CallerKeys
  readonly #judgement: Judgement

  constructor(keys: CallerKeys, judgement: Judgement) {
    this.#keys = keys
    this.#judgement = judgement
  }

  /** Answers a GET or a DELETE. */
  async handle(method: 'GET' | 'DELETE', admitted: Admitted): Promise<void> {
    const refused = this.#misplaced(method, admitted) ?? (await this.#unlabelled(admitted))
    if (refused !== undefined) return sendRefusal(admitted.response, refused)
    const { response, headers, upstream } = admitted
    const resumed = headers.get(RESUMPTION)
    upstream.dispatch(
      {
        method,
        headers: {
          ...forwardedHeaders(headers, upstream.headers),
          ...(resumed && { [RESUMPTION]: resumed }),
        },
        body: null,
      },
      relayTo(response, (failure) =>
        sendRefusal(response, refusal(statusOf(failure), 'the upstream failed')),
      ),
    )
  }

  #misplaced(method: 'GET' | 'DELETE', { headers, upstream }: Admitted): Refusal | undefined {
    const modern = eraOfVersion(headers.get('mcp-protocol-version')) === 'modern'
    // Where results are held, what belongs to them must not come by this stream instead.
    const withheld = method === 'GET' && upstream.catalogue.holdsResults
    return modern || withheld ? methodNotAllowed('POST') : undefined
  }

  /**
   * Refuses the rest of a stream that broke off to a session without the labels that its results can bring: which call
   * it belongs to cannot be told.
   */
  async #unlabelled(admitted: Admitted): Promise<Refusal | undefined> {
    const { labels } = admitted.upstream.catalogue
    if (!admitted.headers.has(RESUMPTION) || labels.length === 0) return undefined
    const read = this.#keys.read(admitted, undefined)
    if (!read.ok) return read.refusal
    const outcome = await this.#judgement.resumption(read.keys, labels)
    return outcome.continue ? undefined : streamRefusal(outcome.violation)
  }
}

function streamRefusal({ code, message }: Violation): Refusal {
  return refusal(code === VIOLATION_CODES.loadFailed ? 503 : 403, message)
}
