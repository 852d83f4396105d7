import type { Cell } from './cell.js'
import type { Goal } from './goal.js'

/** A quantity over another one. */
export interface Curve {
  /** Names the chart's file. */
  readonly id: string
  readonly title: string
  readonly x: string
  readonly y: string
  readonly series: readonly Series[]
}

export interface Series {
  readonly name: string
  /** In ascending order of the first coordinate. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** Something that is measured or weighed once. */
export interface Fact {
  readonly what: string
  readonly who: string
  readonly value: number
  readonly unit: string
}

/** What a suite came to. */
export interface SuiteReport {
  readonly cells: readonly Cell[]
  /** Empty unless our store and at least one peer took part. */
  readonly goals: readonly Goal[]
  readonly curves?: readonly Curve[]
  readonly facts?: readonly Fact[]
}
