import type { ToolConfig, UpstreamConfig } from '../config/gateway-config.js'
import { labelRule } from '../labels/label-rule.js'
import type { LabelRule } from '../labels/label-rule.js'
import { ResultLabels } from '../labels/result-labels.js'

/** What the configuration says about one tool, prompt or resource. */
export interface Listing {
  /** Labels known beforehand. */
  readonly labels: readonly LabelRule[]
  /** Labels known only from the result, if there are any: then the result is held. */
  readonly resultLabels: ResultLabels | undefined
}

interface ResourceListing extends Listing {
  readonly uri: string
}

/** The tools, prompts and resources of one upstream that may be used. What is not here is refused. */
export class Catalogue {
  readonly #tools: ReadonlyMap<string, Listing>
  readonly #prompts: ReadonlyMap<string, Listing>
  readonly #resources: readonly ResourceListing[]

  constructor({ tools = {}, prompts = {}, resources = [] }: UpstreamConfig) {
    this.#tools = new Map(Object.entries(tools).map(([name, config]) => [name, listing(config)]))
    this.#prompts = new Map(Object.entries(prompts).map(([name, config]) => [name, listing(config)]))
    this.#resources = resources.map((config) => ({ uri: config.uri, ...listing(config) }))
  }

  get toolNames(): readonly string[] {
    return [...this.#tools.keys()]
  }

  get promptNames(): readonly string[] {
    return [...this.#prompts.keys()]
  }

  /** Every label that can come of using this upstream. */
  get labels(): readonly LabelRule[] {
    return this.#listings().flatMap(({ labels, resultLabels }) => [
      ...labels,
      ...(resultLabels?.labels ?? []),
    ])
  }

  /** Whether some result is held: what a server says beside its answers must then not pass either. */
  get holdsResults(): boolean {
    return this.#listings().some(({ resultLabels }) => resultLabels !== undefined)
  }

  tool(name: unknown): Listing | undefined {
    return typeof name === 'string' ? this.#tools.get(name) : undefined
  }

  prompt(name: unknown): Listing | undefined {
    return typeof name === 'string' ? this.#prompts.get(name) : undefined
  }

  /** The listing of a resource: all entries that match it, taken together. */
  resource(uri: unknown): Listing | undefined {
    if (typeof uri !== 'string') return undefined
    return together(this.#resources.filter((entry) => matches(entry.uri, uri)))
  }

  /**
   * The listing of a URI template such as `crm://customers/{id}`, or of a URI. Some entry must match all it can become;
   * then every entry that matches any of it counts, for what is proposed may be one of those.
   */
  template(uri: unknown): Listing | undefined {
    if (typeof uri !== 'string') return undefined
    if (!uri.includes('{')) return this.resource(uri)
    const fixed = uri.slice(0, uri.indexOf('{'))
    if (!isNormal(fixed) || !this.#resources.some((entry) => coversAll(entry.uri, fixed))) return undefined
    return together(this.#resources.filter((entry) => meets(entry.uri, fixed)))
  }

  #listings(): readonly Listing[] {
    return [...this.#tools.values(), ...this.#prompts.values(), ...this.#resources]
  }
}

function listing({ labels = [], labelsFromResult }: ToolConfig): Listing {
  return {
    labels: labels.map(labelRule),
    resultLabels: labelsFromResult === undefined ? undefined : ResultLabels.of(labelsFromResult),
  }
}

function together(listings: readonly Listing[]): Listing | undefined {
  if (listings.length <= 1) return listings[0]
  const parts = listings.flatMap(({ resultLabels }) => resultLabels ?? [])
  return {
    labels: listings.flatMap(({ labels }) => labels),
    resultLabels: parts.length === 0 ? undefined : ResultLabels.union(parts),
  }
}

function matches(pattern: string, uri: string): boolean {
  if (!pattern.endsWith('*')) return pattern === uri
  return uri.startsWith(pattern.slice(0, -1)) && isNormal(uri)
}

/** Whether a pattern matches every URI that starts with `fixed`. */
function coversAll(pattern: string, fixed: string): boolean {
  return pattern.endsWith('*') && fixed.startsWith(pattern.slice(0, -1))
}

/** Whether a pattern matches some URI that starts with `fixed`. */
function meets(pattern: string, fixed: string): boolean {
  return coversAll(pattern, fixed) || pattern.startsWith(fixed)
}

/** Whether a URI has no second spelling that could lead out of the prefix it starts with. */
function isNormal(uri: string): boolean {
  if (/%(?:2e|2f|5c)|\\|(?:^|\/)\.{1,2}(?:[/?#]|$)/i.test(uri)) return false
  return URL.canParse(uri) && new URL(uri).href === uri
}
