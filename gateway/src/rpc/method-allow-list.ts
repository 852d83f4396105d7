import type { Era } from './era.js'

/** The action a client's answer to a server request is judged as. It is no method: answers have none. */
export const ANSWER_ACTION = 'response'

/** Opens the stream of what a modern server has to say unasked. */
export const LISTEN = 'subscriptions/listen'

/** Methods that open, keep or describe a connection. They carry nothing an agent derived from data. */
const PLAIN_METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'logging/setLevel',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
])

/** Allowed unless the configuration says otherwise. Tasks are not: their results would leave by another way. */
export const DEFAULT_METHODS: readonly string[] = [
  ...PLAIN_METHODS,
  'tools/call',
  'prompts/get',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  LISTEN,
]

/** Methods that the modern revision removed, and those it brought. */
const LEGACY_ONLY: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'notifications/initialized',
  'notifications/roots/list_changed',
])
const MODERN_ONLY: ReadonlySet<string> = new Set(['server/discover', LISTEN])

/** What happens to a method: refused, forwarded as it is, or put before the policy. */
export type MethodRule = 'denied' | 'plain' | 'judged'

/** The methods that may pass. Whatever is allowed and not known to be plain is egress, so the policy judges it. */
export class MethodAllowList {
  readonly #allowed: ReadonlySet<string>

  constructor(methods: readonly string[]) {
    this.#allowed = new Set(methods)
  }

  /**
   * The actions that policies may name: what is judged here or by default, and the answer action. A rule about
   * a method that is not allowed anyway is no mistake.
   */
  get judged(): readonly string[] {
    const methods = new Set([...DEFAULT_METHODS, ...this.#allowed])
    return [...[...methods].filter((method) => !PLAIN_METHODS.has(method)), ANSWER_ACTION]
  }

  rule(method: string, era: Era): MethodRule {
    if (!this.#allowed.has(method)) return 'denied'
    if ((era === 'modern' ? LEGACY_ONLY : MODERN_ONLY).has(method)) return 'denied'
    return PLAIN_METHODS.has(method) ? 'plain' : 'judged'
  }
}
