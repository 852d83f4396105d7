import type { ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { checkResponse } from './response-check.js'
import type { UpstreamFailure } from './response-check.js'
import { failureOf } from './upstream-failure.js'

/**
 * Passes an upstream's answer on as it arrives, byte for byte and unbuffered.
 *
 * @param fail answers the client when nothing has been sent yet; afterwards the connection is cut, so that the
 *   client cannot take half an answer for a whole one.
 */
export function relayTo(
  response: ServerResponse,
  fail: (failure: UpstreamFailure) => void,
): Dispatcher.DispatchHandler {
  let failure: UpstreamFailure | undefined
  return {
    onRequestStart(controller) {
      if (response.destroyed) return controller.abort(new Error('the client is gone'))
      response.once('close', () => {
        if (!response.writableFinished) controller.abort(new Error('the client is gone'))
      })
      response.on('drain', () => controller.resume())
    },
    onResponseStart(controller, status, headers) {
      if (status < 200) return
      const checked = checkResponse(status, headers)
      if (checked.ok) {
        response.writeHead(status, checked.headers)
        response.flushHeaders()
      } else {
        failure = checked.failure
        controller.abort(new Error(`refused: ${checked.failure}`))
      }
    },
    onResponseData(controller, chunk) {
      if (!response.write(chunk)) controller.pause()
    },
    onResponseEnd() {
      response.end()
    },
    onResponseError(_controller, error) {
      if (response.headersSent) response.destroy()
      else if (!response.destroyed) fail(failure ?? failureOf(error))
    },
  }
}
