import type { SchemaJson, Type } from '@cedar-policy/cedar-wasm/nodejs'
import type { ArgumentType } from '../config/gateway-config.js'

/** The names a policy may use: everything a typo could turn into a rule that never applies. */
export interface PolicyVocabulary {
  readonly principals: readonly string[]
  readonly upstreams: readonly string[]
  /** `<upstream>/<tool>` */
  readonly tools: readonly string[]
  /** `<upstream>/<prompt>` */
  readonly prompts: readonly string[]
  /** Methods that are judged, and `response`. */
  readonly actions: readonly string[]
  readonly arguments: Readonly<Record<string, ArgumentType>>
}

const TEXT: Type<string> = { type: 'String' }
const TEXTS: Type<string> = { type: 'Set', element: TEXT }

/** The attributes that the context of some action has. */
export const CONTEXT_ATTRIBUTES: ReadonlySet<string> = new Set([
  'labels',
  'principal',
  'upstream',
  'method',
  'tool',
  'prompt',
  'uri',
  'arguments',
])

/**
 * The Cedar schema of one gateway: policies are validated against it at the start, requests on every call.
 *
 * Principals, upstreams, tools and prompts are enumerations, so a policy that names one which does not exist
 * stops the start, and a request that names one is refused.
 */
export function policySchema(vocabulary: PolicyVocabulary): SchemaJson<string> {
  const actions = vocabulary.actions.map((action) => {
    const { resource, attributes } = shapeOf(action, vocabulary.arguments)
    const context = {
      type: 'Record' as const,
      attributes: { labels: TEXTS, principal: TEXT, upstream: TEXT, method: TEXT, ...attributes },
    }
    return [action, { appliesTo: { principalTypes: ['Principal'], resourceTypes: [resource], context } }]
  })
  return {
    '': {
      entityTypes: {
        Principal: enumeration(vocabulary.principals),
        Upstream: enumeration(vocabulary.upstreams),
        Tool: enumeration(vocabulary.tools),
        Prompt: enumeration(vocabulary.prompts),
        Resource: {},
      },
      actions: Object.fromEntries(actions),
    },
  }
}

/** The entity type and the attributes beyond the common ones that an action has. */
function shapeOf(
  action: string,
  types: PolicyVocabulary['arguments'],
): { resource: string; attributes: Record<string, Type<string>> } {
  switch (action) {
    case 'tools/call':
      return { resource: 'Tool', attributes: { tool: TEXT, arguments: argumentsType(types) } }
    case 'prompts/get':
      return { resource: 'Prompt', attributes: { prompt: TEXT, arguments: argumentsType(types) } }
    case 'completion/complete':
      return { resource: 'Upstream', attributes: { arguments: argumentsType(types) } }
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return { resource: 'Resource', attributes: { uri: TEXT } }
    default:
      return { resource: 'Upstream', attributes: {} }
  }
}

function argumentsType(types: PolicyVocabulary['arguments']): Type<string> {
  const attributes = Object.entries(types).map(([name, type]) => {
    const cedar: Type<string> = type === 'Set<String>' ? TEXTS : { type }
    return [name, { ...cedar, required: false }]
  })
  return { type: 'Record', attributes: Object.fromEntries(attributes) }
}

/** Cedar has no empty enumeration; a type without members is then an ordinary one that no request uses. */
function enumeration(names: readonly string[]): { enum: string[] } | Record<string, never> {
  return names.length === 0 ? {} : { enum: [...names] }
}
