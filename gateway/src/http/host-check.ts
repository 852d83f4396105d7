import { refusal } from './refusal.js'
import type { Refusal } from './refusal.js'

/** Host names under which a gateway on a loopback address is addressed. */
export const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?$/

/**
 * Refuses a request that is addressed to another host than ours: a web page that made its own name resolve
 * to this address (DNS rebinding) still sends that name.
 *
 * @param host the `Host` header; the port is not compared.
 */
export function hostRefusal(host: string | undefined, allowed: ReadonlySet<string>): Refusal | undefined {
  const name = host === undefined ? undefined : HOST.exec(host.toLowerCase())?.[1]
  if (name !== undefined && allowed.has(name)) return undefined
  return refusal(403, 'the Host header names no host of this gateway; see listen.allowedHosts')
}
