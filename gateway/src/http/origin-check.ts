import { refusal } from './refusal.js'
import type { Refusal } from './refusal.js'

/** Refuses a request that a web page of an origin not listed makes. No `Origin` header means no web page. */
export function originRefusal(origin: string | undefined, allowed: ReadonlySet<string>): Refusal | undefined {
  if (origin === undefined || allowed.has(origin)) return undefined
  return refusal(403, 'the Origin header names no allowed origin; see listen.allowedOrigins')
}
