import type { Cell } from './cell.js'
import { judge, type Goal } from './goal.js'

/** What a ratio is made of. What was not measured makes it NaN, which meets nothing. */
export interface Compared {
  readonly ours: Cell | undefined
  readonly peer: Cell | undefined
  readonly ceiling: Cell | undefined
}

/**
 * Judges a quantity of ours over that of a peer, and tells what the ceiling comes to over the same.
 *
 * @param against - The peer, where the bar does not name it.
 */
export function judgeRatio(
  id: string,
  { ours, peer, ceiling }: Compared,
  quantity: (cell: Cell | undefined) => number,
  against?: string,
): Goal {
  const ratio = (cell: Cell | undefined): number => quantity(cell) / quantity(peer)
  const bound = ceiling && { value: ratio(ceiling), name: ceiling.contestant }
  return judge(id, ratio(ours), against, bound)
}
