import { runPhase } from 'indelible/enforcement'
import type { PhaseContext, PhaseOutcome, SessionKeys, Verdict } from 'indelible/enforcement'
import type { SessionStore } from 'indelible'
import { publishAlarm } from './alarm.js'
import type { LabelRule } from './labels/label-rule.js'
import { PolicyFailure } from './policy/cedar-policy.js'
import type { CedarPolicy } from './policy/cedar-policy.js'
import type { Target } from './upstream/target.js'

/** The code of a denial by policy; denials for other reasons carry the codes of the enforcement. */
const POLICY_DENIED = 'policy.denied'

/** A message that is to be judged. */
export interface JudgedCall {
  readonly principal: string
  readonly keys: SessionKeys
  readonly upstream: string
  readonly target: Target
}

/** Decides calls by policy and by the labels of the session, and keeps the labels that come of them. */
export class Judgement {
  readonly #store: SessionStore
  readonly #policy: CedarPolicy

  constructor(store: SessionStore, policy: CedarPolicy) {
    this.#store = store
    this.#policy = policy
  }

  /**
   * Before a call is forwarded: the decision, and the labels known beforehand. When this resolves to
   * `continue`, those labels are stored.
   *
   * No signal is given: the client's patience must not decide which labels are kept.
   */
  before(call: JudgedCall): Promise<PhaseOutcome> {
    return runPhase(this.#store, {
      phase: 'pre',
      keys: call.keys,
      evaluate: (context) => this.#evaluate(call, context),
    })
  }

  /** Before a held result is released: the labels that it earned. */
  after(call: JudgedCall, earned: readonly LabelRule[]): Promise<PhaseOutcome> {
    return runPhase(this.#store, {
      phase: 'post',
      keys: call.keys,
      evaluate: (context) => {
        taintAll(context, earned)
        return { allow: true }
      },
    })
  }

  #evaluate({ principal, upstream, target }: JudgedCall, context: PhaseContext): Verdict {
    let decision
    try {
      decision = this.#policy.decide({
        principal,
        action: target.action,
        resource: target.resource,
        context: {
          labels: [...context.labels],
          principal,
          upstream,
          method: target.action,
          ...target.context,
        },
      })
    } catch (error) {
      const problem = error instanceof PolicyFailure ? error.message : 'the policy engine broke down'
      publishAlarm('gateway_policy_failure', this.#store.kind, { upstream, action: target.action, problem })
      throw error
    }
    taintAll(context, decision.taints) // on a denial too: the attempt itself may be what a rule marks
    if (!decision.allow)
      return { allow: false, violation: { code: POLICY_DENIED, message: decision.message } }
    taintAll(context, target.listing.labels)
    return { allow: true }
  }
}

function taintAll(context: PhaseContext, rules: readonly LabelRule[]): void {
  for (const { label, scope } of rules) context.taint(label, scope)
}
