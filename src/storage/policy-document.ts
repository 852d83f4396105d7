import { InvalidArgument, kindOf } from '../invalid-argument.js'
import { ILL_FORMED, utf8Length } from '../utf8.js'

const DECISIONS = ['Allow', 'Deny', 'RequireApproval'] as const
const ENFORCEMENT_MODES = ['enforce', 'observe', 'disabled'] as const
const MAX_VERSION = 2 ** 32 - 1
/**
 * Longest JSON text of a policy, in UTF-8 bytes: 1 MiB, some ten thousand rules. What is longer is neither read nor
 * written (`docs/compatibility.md`, section 2).
 */
export const MAX_POLICY_BYTES: number = 2 ** 20

/** What a rule says about the actions that it matches. */
export type PolicyDecision = (typeof DECISIONS)[number]

/** Whether a policy binds, is only watched, or is off. */
export type EnforcementMode = (typeof ENFORCEMENT_MODES)[number]

/** One rule of a policy. */
export interface PolicyRule {
  readonly actionPattern: string
  readonly decision: PolicyDecision
}

/** The policy of an agent. */
export interface PolicyDocument {
  /** 0 to 2^32 - 1. */
  readonly version: number
  readonly name: string
  readonly rules: readonly PolicyRule[]
  readonly enforcementMode: EnforcementMode
}

export function isDecision(value: unknown): value is PolicyDecision {
  return (DECISIONS as readonly unknown[]).includes(value)
}

export function isEnforcementMode(value: unknown): value is EnforcementMode {
  return (ENFORCEMENT_MODES as readonly unknown[]).includes(value)
}

/** A frozen copy of what a caller passed as a policy; a missing mode is `enforce`. Never throws. */
export function readPolicyDocument(document: unknown): PolicyDocument | InvalidArgument {
  try {
    return readDocument(document)
  } catch (cause) {
    return new InvalidArgument('document: reading it threw; pass a plain object', cause)
  }
}

type Fields<Shape> = { readonly [K in keyof Shape]?: unknown }

function readDocument(document: unknown): PolicyDocument | InvalidArgument {
  if (typeof document !== 'object' || document === null) return expected('document', 'an object', document)
  const { version, name, rules, enforcementMode = 'enforce' } = document as Fields<PolicyDocument>
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 0 || version > MAX_VERSION) {
    return expected('document.version', `a whole number from 0 to ${MAX_VERSION}`, version)
  }
  if (!isText(name)) return expected('document.name', 'well-formed text', name)
  if (!isEnforcementMode(enforcementMode)) {
    return expected('document.enforcementMode', ENFORCEMENT_MODES.join(', '), enforcementMode)
  }
  if (!Array.isArray(rules)) return expected('document.rules', 'an array', rules)
  const read: PolicyRule[] = []
  for (const [index, item] of rules.entries()) {
    const rule = readRule(item, `document.rules[${index}]`)
    if (rule instanceof InvalidArgument) return rule
    read.push(rule)
  }
  return Object.freeze({ version, name, rules: Object.freeze(read), enforcementMode })
}

function readRule(rule: unknown, path: string): PolicyRule | InvalidArgument {
  if (typeof rule !== 'object' || rule === null) return expected(path, 'an object', rule)
  const { actionPattern, decision } = rule as Fields<PolicyRule>
  if (!isText(actionPattern)) return expected(`${path}.actionPattern`, 'well-formed text', actionPattern)
  if (!isDecision(decision)) return expected(`${path}.decision`, DECISIONS.join(', '), decision)
  return Object.freeze({ actionPattern, decision })
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && utf8Length(value) !== ILL_FORMED
}

function expected(path: string, wanted: string, found: unknown): InvalidArgument {
  return new InvalidArgument(`${path}: expected ${wanted}, found ${kindOf(found)} that is not`)
}
