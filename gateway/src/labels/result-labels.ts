import type { ResultLabelConfig } from '../config/gateway-config.js'
import type { JsonObject } from '../rpc/strict-json.js'
import { labelRule } from './label-rule.js'
import type { LabelRule } from './label-rule.js'

interface ResultRule {
  readonly label: LabelRule
  readonly matches: (message: JsonObject) => boolean
}

/** Finds the labels that the messages of one answer earn. */
export class ResultLabels {
  readonly #rules: readonly ResultRule[]

  private constructor(rules: readonly ResultRule[]) {
    this.#rules = rules
  }

  static of(config: readonly ResultLabelConfig[]): ResultLabels {
    return new ResultLabels(config.map((rule) => ({ label: labelRule(rule), matches: matcher(rule) })))
  }

  static union(parts: readonly ResultLabels[]): ResultLabels {
    return new ResultLabels(parts.flatMap((part) => part.#rules))
  }

  /** Every label that a result can earn. */
  get labels(): readonly LabelRule[] {
    return this.#rules.map(({ label }) => label)
  }

  /** @param messages all JSON-RPC messages of the answer: a log line may say what the result then does not. */
  labelsOf(messages: readonly JsonObject[]): readonly LabelRule[] {
    return this.#rules.filter(({ matches }) => messages.some(matches)).map(({ label }) => label)
  }
}

function matcher(rule: ResultLabelConfig): ResultRule['matches'] {
  if ('contains' in rule) return (message) => holdsText(message, rule.contains)
  return (message) => valueAt(message['result'], rule.pointer) === rule.equals
}

/** Whether any string within, keys included, holds the text. No recursion: the depth is the upstream's choice. */
function holdsText(value: unknown, text: string): boolean {
  const left: unknown[] = [value]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next === 'string' && next.includes(text)) return true
    if (typeof next !== 'object' || next === null) continue
    if (!Array.isArray(next) && Object.keys(next).some((key) => key.includes(text))) return true
    for (const inner of Object.values(next)) left.push(inner)
  }
  return false
}

/** The value at a JSON Pointer (RFC 6901), or undefined. */
function valueAt(root: unknown, pointer: string): unknown {
  let value = root
  for (const token of pointer.slice(1).split('/')) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
