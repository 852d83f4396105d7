import { InvalidArgument } from '../invalid-argument.js'
import { failed } from '../results.js'
import { readPolicyDocument } from './policy-document.js'
import type { PolicyDocument } from './policy-document.js'
import { found, undecodable } from './storage-result.js'
import type { StorageFailure, StorageResult } from './storage-result.js'

/**
 * Where policies really come from. Answers `null` for an agent that has none; throws or rejects when it cannot tell.
 *
 * @param agentId 32 lower-case hexadecimal characters.
 * @param options its signal fires when nobody waits any longer.
 */
export type PolicyLoader = (
  agentId: string,
  options: { readonly signal: AbortSignal },
) => PolicyDocument | null | Promise<PolicyDocument | null>

const operation = 'get-policy'

/** Asks the loader, for at most `timeoutMs`. Whatever it does, this answers and never throws. */
export async function askLoader(
  load: PolicyLoader,
  agentId: string,
  timeoutMs: number,
): Promise<StorageResult<PolicyDocument | null>> {
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<StorageFailure>((resolve) => {
    timer = setTimeout(() => resolve(tooLate(timeoutMs)), timeoutMs)
  })
  try {
    return await Promise.race([answerOf(load, agentId, abort.signal), late])
  } finally {
    clearTimeout(timer)
    abort.abort()
  }
}

async function answerOf(
  load: PolicyLoader,
  agentId: string,
  signal: AbortSignal,
): Promise<StorageResult<PolicyDocument | null>> {
  let answer: unknown
  try {
    answer = await load(agentId, { signal })
  } catch (cause) {
    return failed({ code: 'ERR_STORE_UNAVAILABLE', operation, detail: 'the policy loader failed', cause })
  }
  if (answer === null) return found(null)
  const document = readPolicyDocument(answer)
  if (!(document instanceof InvalidArgument)) return found(document)
  return undecodable(operation, `the policy loader gave no policy: ${document.detail}`)
}

function tooLate(timeoutMs: number): StorageFailure {
  const detail = `the policy loader did not answer within ${timeoutMs} ms`
  return failed({ code: 'ERR_STORE_TIMEOUT', operation, detail, elapsedMs: timeoutMs })
}
