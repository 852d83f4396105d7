import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { ArgumentType } from '../config/gateway-config.js'
import { foldCase } from '../rpc/strict-json.js'
import type { JsonObject } from '../rpc/strict-json.js'

export type PolicyArgumentsResult =
  | { readonly ok: true; readonly values: Record<string, CedarValueJson> }
  | { readonly ok: false; readonly problem: string }

/** Picks the arguments that policies may read and gives them their Cedar types. */
export class PolicyArguments {
  readonly #types: ReadonlyMap<string, ArgumentType>
  readonly #names: ReadonlyMap<string, string>

  constructor(types: Readonly<Record<string, ArgumentType>>) {
    this.#types = new Map(Object.entries(types))
    this.#names = new Map(Object.keys(types).map((name) => [foldCase(name), name]))
  }

  /**
   * An argument of another type, or in another case, is a problem and not an absence: leaving it out would
   * let a caller step past every rule that reads it.
   */
  pick(given: unknown): PolicyArgumentsResult {
    const values: Record<string, CedarValueJson> = {}
    if (given === undefined || this.#types.size === 0) return { ok: true, values }
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return misfit('the arguments', 'an object')
    for (const [key, value] of Object.entries(given as JsonObject)) {
      const name = this.#names.get(foldCase(key))
      if (name === undefined) continue
      if (name !== key) return { ok: false, problem: `the argument \`${name}\` is spelt in another case` }
      const type = this.#types.get(name)!
      if (!fits(value, type)) return misfit(`the argument \`${name}\``, type)
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

function misfit(what: string, type: string): PolicyArgumentsResult {
  return { ok: false, problem: `${what} must be ${type === 'an object' ? type : `a ${type}`} to be judged` }
}
