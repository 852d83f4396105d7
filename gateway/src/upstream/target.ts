import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { PolicyArguments } from '../policy/policy-arguments.js'
import { ANSWER_ACTION, LISTEN } from '../rpc/method-allow-list.js'
import type { RpcMessage } from '../rpc/message.js'
import type { JsonObject } from '../rpc/strict-json.js'
import type { Catalogue, Listing } from './catalogue.js'

/** What a judged message acts on, in the terms of the policy and of the configuration. */
export interface Target {
  readonly action: string
  readonly resource: { readonly type: string; readonly id: string }
  /** The context attributes that this action has beyond the common ones. */
  readonly context: Readonly<Record<string, CedarValueJson>>
  readonly listing: Listing
}

/** What a message is judged as: first what it asks for, then what else it carries. */
export type Targets = readonly [Target, ...Target[]]

export type TargetsResult = { readonly ok: true; readonly targets: Targets } | Unresolved

type TargetResult = { readonly ok: true; readonly target: Target } | Unresolved

/** `problem` quotes nothing that was sent. */
interface Unresolved {
  readonly ok: false
  readonly problem: string
}

const UNLABELLED: Listing = { labels: [], resultLabels: undefined }

/**
 * Resolves what a message acts on. A tool, prompt or resource that is not listed is a problem: nobody has said
 * which labels it carries.
 *
 * An answer to a question of the server is judged as one in both eras: it is a message of its own up to 2025-11-25,
 * and comes in the `inputResponses` of the repeated request since.
 */
export function resolveTargets(
  message: RpcMessage,
  upstream: string,
  catalogue: Catalogue,
  types: PolicyArguments,
): TargetsResult {
  const whole = { type: 'Upstream', id: upstream }
  const answer = { action: ANSWER_ACTION, resource: whole, context: {}, listing: UNLABELLED }
  if (message.kind === 'response') return { ok: true, targets: [answer] }
  const asked = requestedTarget(message, whole, catalogue, types)
  if (!asked.ok) return asked
  const subscribed = message.method === LISTEN ? subscribedTargets(message.params, catalogue) : []
  if (subscribed === undefined) return unlisted('resource')
  const answers = carriesAnswer(message.params) ? [answer] : []
  return { ok: true, targets: [asked.target, ...subscribed, ...answers] }
}

/** Whether content of the client goes along. Without content nothing does, as in {@link RpcResponse} to a ping. */
export function carriesContent(answer: unknown): boolean {
  return typeof answer !== 'object' || answer === null || Object.keys(answer).length > 0
}

function carriesAnswer(params: JsonObject): boolean {
  return Object.hasOwn(params, 'inputResponses') && carriesContent(params['inputResponses'])
}

function requestedTarget(
  { method: action, params }: Exclude<RpcMessage, { kind: 'response' }>,
  whole: { readonly type: string; readonly id: string },
  catalogue: Catalogue,
  types: PolicyArguments,
): TargetResult {
  const upstream = whole.id
  switch (action) {
    case 'tools/call': {
      const listing = catalogue.tool(params['name'])
      if (listing === undefined) return unlisted('tool')
      if (Object.hasOwn(params, 'task')) return { ok: false, problem: 'calls as tasks are not supported' }
      const tool = params['name'] as string
      return withArguments(types, params['arguments'], (values) => ({
        action,
        resource: { type: 'Tool', id: `${upstream}/${tool}` },
        context: { tool, arguments: values },
        listing,
      }))
    }
    case 'prompts/get': {
      const listing = catalogue.prompt(params['name'])
      if (listing === undefined) return unlisted('prompt')
      const prompt = params['name'] as string
      return withArguments(types, params['arguments'], (values) => ({
        action,
        resource: { type: 'Prompt', id: `${upstream}/${prompt}` },
        context: { prompt, arguments: values },
        listing,
      }))
    }
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe': {
      const target = resourceTarget(action, params['uri'], catalogue)
      return target === undefined ? unlisted('resource') : { ok: true, target }
    }
    case 'completion/complete': {
      const listing = completedListing(params['ref'], catalogue)
      if (listing === undefined) return unlisted('completion')
      return withArguments(types, completionArguments(params), (values) => ({
        action,
        resource: whole,
        context: { arguments: values },
        listing,
      }))
    }
    default:
      return { ok: true, target: { action, resource: whole, context: {}, listing: UNLABELLED } }
  }
}

function resourceTarget(action: string, uri: unknown, catalogue: Catalogue): Target | undefined {
  const listing = catalogue.resource(uri)
  if (listing === undefined || typeof uri !== 'string') return undefined
  return { action, resource: { type: 'Resource', id: uri }, context: { uri }, listing }
}

/** Most resources that one request may subscribe to; each is judged. */
const MAX_SUBSCRIPTIONS = 1000

/** The resources that a modern client subscribes to, judged as subscriptions of the legacy era are. */
function subscribedTargets(params: JsonObject, catalogue: Catalogue): readonly Target[] | undefined {
  const filter = (params['notifications'] ?? {}) as { readonly resourceSubscriptions?: unknown }
  const uris = filter.resourceSubscriptions ?? []
  if (!Array.isArray(uris) || uris.length > MAX_SUBSCRIPTIONS) return undefined
  const targets = uris.flatMap((uri) => resourceTarget('resources/subscribe', uri, catalogue) ?? [])
  return targets.length === uris.length ? targets : undefined
}

function withArguments(
  types: PolicyArguments,
  given: unknown,
  target: (values: Record<string, CedarValueJson>) => Target,
): TargetResult {
  const picked = types.pick(given)
  return picked.ok ? { ok: true, target: target(picked.values) } : picked
}

/** What a completion completes: its proposals tell as much as the prompt or the resource itself. */
function completedListing(ref: unknown, catalogue: Catalogue): Listing | undefined {
  const { type, name, uri } = (ref ?? {}) as { type?: unknown; name?: unknown; uri?: unknown }
  if (type === 'ref/prompt') return catalogue.prompt(name)
  return type === 'ref/resource' ? catalogue.template(uri) : undefined
}

/** A completion sends the argument being typed, and in `context` those typed before. */
function completionArguments(params: JsonObject): unknown {
  const { argument, context } = params as {
    argument?: { name?: unknown; value?: unknown } | null
    context?: { arguments?: unknown } | null
  }
  const typed = typeof argument?.name === 'string' ? { [argument.name]: argument.value } : {}
  const before = context?.arguments ?? {}
  if (typeof before !== 'object' || Array.isArray(before)) return before
  const repeated = Object.keys(typed).some((name) => Object.hasOwn(before, name))
  return repeated ? null : { ...before, ...typed } // two values for one argument: not to be judged
}

function unlisted(kind: string): Unresolved {
  return { ok: false, problem: `this ${kind} is not listed in the gateway's configuration` }
}
