/** What a growth round varies; everything else stays as it is here. */
export interface Shape {
  /** Sessions that hold labels, and that the ratchet knows. */
  readonly sessions: number
  /** Sessions that are loaded in turn, spread over all of them. */
  readonly hot: number
  /** Labels of each session. */
  readonly labels: number
  readonly labelBytes: number
  /** Different label sets among the sessions. */
  readonly sets: number
  /** Stores that are open and used in turn. */
  readonly stores: number
}

export const USUAL: Shape = { sessions: 1_000, hot: 1_000, labels: 4, labelBytes: 12, sets: 100, stores: 1 }

/** The labels of the set with this number, all different from those of other sets. */
export function labelsOf(set: number, { labels, labelBytes }: Shape): string[] {
  return Array.from({ length: labels }, (_, index) => {
    const name = `${set.toString(36)}.${index.toString(36)}`
    return name.padEnd(labelBytes, '-')
  })
}
