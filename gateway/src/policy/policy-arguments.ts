import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { ArgumentType } from '../config/gateway-config.js'
import { foldCase } from '../rpc/strict-json.js'
import type { JsonObject } from '../rpc/strict-json.js'

export type PolicyArgumentsResult =
  | { readonly ok: true; readonly values: Record<string, CedarValueJson> }
  | { readonly ok: false; readonly problem: string }

/** Picks the arguments that policies may read and gives them their Cedar types. */
export class PolicyArguments {
  /** By the folded name. */
  readonly #declared: ReadonlyMap<string, { readonly name: string; readonly type: ArgumentType }>

  constructor(types: Readonly<Record<string, ArgumentType>>) {
    this.#declared = new Map(Object.entries(types).map(([name, type]) => [foldCase(name), { name, type }]))
  }

  /**
   * An argument of another type, or in another case, is a problem and not an absence: leaving it out would
   * let a caller step past every rule that reads it.
   */
  pick(given: unknown): PolicyArgumentsResult {
    const values: Record<string, CedarValueJson> = {}
    if (given === undefined || this.#declared.size === 0) return { ok: true, values }
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      return problem('the arguments must be an object to be judged')
    }
    for (const [key, value] of Object.entries(given as JsonObject)) {
      const declared = this.#declared.get(foldCase(key))
      if (declared === undefined) continue
      const { name, type } = declared
      if (name !== key) return problem(`the argument \`${name}\` is spelt in another case`)
      if (!fits(value, type)) return problem(`the argument \`${name}\` must be a ${type} to be judged`)
      values[name] = value as CedarValueJson
    }
    return { ok: true, values }
  }
}

function fits(value: unknown, type: ArgumentType): boolean {
  switch (type) {
    case 'String':
      return typeof value === 'string'
    case 'Boolean':
      return typeof value === 'boolean'
    case 'Long':
      return Number.isSafeInteger(value)
    case 'Set<String>':
      return Array.isArray(value) && value.every((item) => typeof item === 'string')
  }
}

function problem(text: string): PolicyArgumentsResult {
  return { ok: false, problem: text }
}
