import { kindOf } from '../invalid-argument.js'
import { ReadonlyLabelSet } from '../label-set.js'
import { labelProblem } from '../label.js'
import type { LabelScope, Phase, PhaseContext } from './phase.js'

/** A label that the policy added, and where it is to stick. */
export interface Taint {
  readonly label: string
  readonly scope: LabelScope
}

/** The labels of one phase: those that were loaded, and those that its policy adds until it has decided. */
export class Taints {
  readonly #decided: Taint[] = []
  #labels: ReadonlyLabelSet
  #refused = false
  #sealed = false

  constructor(hydrated: ReadonlyLabelSet) {
    this.#labels = hydrated
  }

  /** Everything that is known about the session by now. */
  get labels(): ReadonlyLabelSet {
    return this.#labels
  }

  /** What the policy added, without repetitions, whether or not the store holds it already. */
  get decided(): readonly Taint[] {
    return this.#decided
  }

  /** Whether the policy tried to add what is no label: one it meant to add is then missing. */
  get refused(): boolean {
    return this.#refused
  }

  /** Ends the additions. */
  seal(): void {
    this.#sealed = true
  }

  /** The policy's view of this phase. */
  context(phase: Phase): PhaseContext {
    const labels = (): ReadonlyLabelSet => this.#labels
    return Object.freeze({
      phase,
      get labels(): ReadonlyLabelSet {
        return labels()
      },
      taint: (label: string, scope: LabelScope = 'session'): void => this.#add(label, scope),
    })
  }

  #add(label: string, scope: LabelScope): void {
    if (this.#sealed)
      throw new Error('taint: the policy has already decided; await everything that adds labels')
    const problem = labelProblem(label) ?? scopeProblem(scope)
    if (problem !== undefined) {
      this.#refused = true
      throw new TypeError(`taint: ${problem}`)
    }
    if (this.#decided.some((taint) => taint.label === label && taint.scope === scope)) return
    this.#decided.push(Object.freeze({ label, scope }))
    if (!this.#labels.has(label)) this.#labels = ReadonlyLabelSet.from([...this.#labels, label])
  }
}

function scopeProblem(scope: unknown): string | undefined {
  if (scope === 'session' || scope === 'principal') return undefined
  return `scope: expected 'session' or 'principal', found ${typeof scope === 'string' ? 'another string' : kindOf(scope)}`
}
