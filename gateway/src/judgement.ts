import { runPhase } from 'indelible/enforcement'
import type { PhaseContext, PhaseOutcome, SessionKeys, Verdict, Violation } from 'indelible/enforcement'
import type { SessionStore } from 'indelible'
import { publishAlarm } from './alarm.js'
import type { LabelRule } from './labels/label-rule.js'
import { PolicyFailure } from './policy/cedar-policy.js'
import type { CedarPolicy, PolicyDecision } from './policy/cedar-policy.js'
import type { Target, Targets } from './upstream/target.js'

/** The code of a denial by policy; denials for other reasons carry the codes of the enforcement. */
const POLICY_DENIED = 'policy.denied'

const UNLABELLED: Violation = {
  code: 'stream.unlabelled',
  message: 'the session does not carry the labels of what this stream may hold; call again',
}

/** A message that is to be judged. */
export interface JudgedCall {
  readonly principal: string
  readonly keys: SessionKeys
  readonly upstream: string
  readonly targets: Targets
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

  /**
   * Before the rest of a stream is asked for: which call it belongs to cannot be told, so the session must carry every
   * label that the results of its upstream bring.
   */
  resumption(keys: SessionKeys, labels: readonly LabelRule[]): Promise<PhaseOutcome> {
    return runPhase(this.#store, {
      phase: 'pre',
      keys,
      evaluate: (context) =>
        labels.every(({ label }) => context.labels.has(label))
          ? { allow: true }
          : { allow: false, violation: UNLABELLED },
    })
  }

  /** Everything that the message carries must be allowed; then it brings the labels of what it asks for. */
  #evaluate(call: JudgedCall, context: PhaseContext): Verdict {
    const decisions = call.targets.map((target) => this.#decide(call, target, context))
    // On a denial too: the attempt itself may be what a rule marks.
    for (const { taints } of decisions) taintAll(context, taints)
    const denied = decisions.find(({ allow }) => !allow)
    if (denied !== undefined)
      return { allow: false, violation: { code: POLICY_DENIED, message: denied.message } }
    for (const { listing } of call.targets) taintAll(context, listing.labels)
    return { allow: true }
  }

  #decide({ principal, upstream }: JudgedCall, target: Target, { labels }: PhaseContext): PolicyDecision {
    const { action, resource } = target
    try {
      return this.#policy.decide({
        principal,
        action,
        resource,
        context: { labels: [...labels], principal, upstream, method: action, ...target.context },
      })
    } catch (error) {
      const problem = error instanceof PolicyFailure ? error.message : 'the policy engine broke down'
      publishAlarm('gateway_policy_failure', this.#store.kind, { upstream, action, problem })
      throw error
    }
  }
}

function taintAll(context: PhaseContext, rules: readonly LabelRule[]): void {
  for (const { label, scope } of rules) context.taint(label, scope)
}
