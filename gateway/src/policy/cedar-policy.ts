import { randomUUID } from 'node:crypto'
import {
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs'
import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { LabelRule } from '../labels/label-rule.js'
import { explain, invalid, parsePolicies } from './policy-source.js'
import type { SourcePolicy } from './policy-source.js'
import { CONTEXT_ATTRIBUTES, policySchema } from './policy-schema.js'
import type { PolicyVocabulary } from './policy-schema.js'

/** One question to the policy. Everything a rule may read about the call is in `context`. */
export interface PolicyRequest {
  readonly principal: string
  readonly action: string
  readonly resource: { readonly type: string; readonly id: string }
  readonly context: Readonly<Record<string, CedarValueJson>>
}

export interface PolicyDecision {
  readonly allow: boolean
  /** The ids of the policies that decided; empty when no policy permits. */
  readonly policies: readonly string[]
  /** The labels that these policies raise. They join the session whatever the decision is. */
  readonly taints: readonly LabelRule[]
  /** What to tell a caller who is denied. */
  readonly message: string
}

/** The policy could not be evaluated. The gateway denies: Cedar itself would skip a rule that fails. */
export class PolicyFailure extends Error {
  override readonly name: string = 'PolicyFailure'
}

/** Decisions kept: a decision depends on the request alone, and most requests repeat. */
const MAX_DECISIONS = 1024
const MAX_DECISION_KEY = 4096

/** A Cedar policy set, validated against the schema of this gateway and parsed once. */
export class CedarPolicy {
  readonly #id = randomUUID()
  readonly #policies: ReadonlyMap<string, SourcePolicy>
  readonly #decisions = new Map<string, PolicyDecision>()

  /** @throws ConfigError when a policy does not parse, or names what this gateway does not have. */
  constructor(text: string, vocabulary: PolicyVocabulary) {
    const policies = parsePolicies(text)
    const policySet = {
      staticPolicies: Object.fromEntries(policies.map((policy) => [policy.id, policy.text])),
    }
    const schema = policySchema(vocabulary)

    for (const { id, tested } of policies) {
      const unknown = tested.find((path) => !known(path, vocabulary))
      if (unknown !== undefined)
        throw invalid(`\`${id}\` tests for ${unknown}, which no request has; ${DECLARE}`)
    }
    const validation = validate({ schema, policies: policySet, validationSettings: { mode: 'strict' } })
    if (validation.type === 'failure') throw invalid(explain(validation.errors))
    // A warning is a rule that cannot apply, or a name that looks like another one.
    const found = [...validation.validationErrors, ...validation.validationWarnings]
    if (found.length > 0) throw invalid(explain(found.map(({ error }) => error)))
    for (const parsed of [preparseSchema(this.#id, schema), preparsePolicySet(this.#id, policySet)]) {
      if (parsed.type === 'failure') throw invalid(explain(parsed.errors))
    }
    this.#policies = new Map(policies.map((policy) => [policy.id, policy]))
  }

  /** Every label that a policy can raise. */
  get taints(): readonly LabelRule[] {
    return [...this.#policies.values()].flatMap(({ taint }) => (taint === undefined ? [] : [taint]))
  }

  /** @throws PolicyFailure when any policy fails to evaluate or the request does not fit the schema. */
  decide(request: PolicyRequest): PolicyDecision {
    const key = JSON.stringify(request)
    const remembered = this.#decisions.get(key)
    if (remembered !== undefined) return remembered
    const decision = this.#evaluate(request)
    if (key.length <= MAX_DECISION_KEY) {
      if (this.#decisions.size >= MAX_DECISIONS) this.#decisions.clear()
      this.#decisions.set(key, decision)
    }
    return decision
  }

  #evaluate({ principal, action, resource, context }: PolicyRequest): PolicyDecision {
    const answer = statefulIsAuthorized({
      principal: { type: 'Principal', id: principal },
      action: { type: 'Action', id: action },
      resource: { ...resource },
      context: { ...context },
      preparsedSchemaName: this.#id,
      validateRequest: true,
      preparsedPolicySetId: this.#id,
      entities: [],
    })
    if (answer.type === 'failure') throw new PolicyFailure('the request does not fit the policy schema')
    const { decision, diagnostics } = answer.response
    if (diagnostics.errors.length > 0) {
      const ids = diagnostics.errors.map(({ policyId }) => policyId)
      throw new PolicyFailure(`these policies failed to evaluate: ${ids.join(', ')}`)
    }
    const deciding = diagnostics.reason.flatMap((id) => this.#policies.get(id) ?? [])
    return {
      allow: decision === 'allow',
      policies: diagnostics.reason,
      taints: deciding.flatMap(({ taint }) => (taint === undefined ? [] : [taint])),
      message: denialMessage(deciding),
    }
  }
}

const DECLARE = 'check its spelling, or declare it under policy.arguments'

/** Whether some request can have the attribute at this path. Paths elsewhere than in `context` are Cedar's to check. */
function known(path: string, vocabulary: PolicyVocabulary): boolean {
  const [root, attribute, argument] = path.split('.')
  if (root !== 'context' || attribute === undefined) return true
  if (attribute !== 'arguments') return CONTEXT_ATTRIBUTES.has(attribute)
  return argument === undefined || Object.hasOwn(vocabulary.arguments, argument)
}

function denialMessage(deciding: readonly SourcePolicy[]): string {
  if (deciding.length === 0) return 'Denied: no policy permits this.'
  return deciding.map(({ id, message }) => message ?? `Denied by policy ${id}.`).join(' ')
}
