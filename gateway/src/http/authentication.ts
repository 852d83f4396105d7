import { createHash, timingSafeEqual } from 'node:crypto'
import { ConfigError } from 'indelible'
import type { Environment } from '../config/environment.js'
import type { TokenConfig } from '../config/gateway-config.js'
import { refusal } from './refusal.js'
import type { Refusal } from './refusal.js'

export type AuthenticationResult =
  | { readonly ok: true; readonly principal: string }
  | { readonly ok: false; readonly refusal: Refusal }

/** Shortest token, in characters, that `tokenEnv` may name. */
const MIN_TOKEN_LENGTH = 16

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i

/** Tells who calls, by a bearer token. Only digests of tokens are kept. */
export class BearerAuthentication {
  readonly #known: readonly { readonly digest: Buffer; readonly principal: string }[]

  /** @throws ConfigError when a variable is unset, its token too short, or two entries hold the same token. */
  constructor(tokens: readonly TokenConfig[], environment: Environment) {
    const seen = new Set<string>()
    this.#known = tokens.map((token, index) => {
      const path = `authentication.tokens[${index}]`
      const digest =
        'sha256' in token
          ? Buffer.from(token.sha256, 'hex')
          : digestOf(tokenOf(token.tokenEnv, environment, path))
      const hex = digest.toString('hex')
      if (seen.has(hex))
        throw new ConfigError('ERR_CONFIG_INVALID', path, 'repeats a token; give each entry its own')
      seen.add(hex)
      return { digest, principal: token.principal }
    })
  }

  /** @param authorization the `Authorization` header. Takes as long for a wrong token as for a right one. */
  authenticate(authorization: string | undefined): AuthenticationResult {
    const token = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1]
    if (token === undefined) return unauthenticated('a bearer token is required', 'Bearer')
    const digest = digestOf(token)
    let principal: string | undefined
    for (const entry of this.#known) {
      if (timingSafeEqual(entry.digest, digest)) principal = entry.principal // no early exit
    }
    if (principal === undefined)
      return unauthenticated('the bearer token is not known', 'Bearer error="invalid_token"')
    return { ok: true, principal }
  }
}

function tokenOf(variable: string, environment: Environment, path: string): string {
  const token = environment[variable]
  if (token === undefined) {
    throw new ConfigError(
      'ERR_CONFIG_UNSET_VARIABLE',
      `${path}.tokenEnv`,
      `the variable ${variable} is not set`,
    )
  }
  if (token.length < MIN_TOKEN_LENGTH || !/^[A-Za-z0-9._~+/-]+=*$/.test(token)) {
    const rule = `must hold a token of at least ${MIN_TOKEN_LENGTH} characters from A-Z a-z 0-9 . _ ~ + / - and trailing =`
    throw new ConfigError('ERR_CONFIG_INVALID', `${path}.tokenEnv`, `the variable ${variable} ${rule}`)
  }
  return token
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function unauthenticated(message: string, challenge: string): AuthenticationResult {
  return { ok: false, refusal: refusal(401, message, { 'www-authenticate': challenge }) }
}
