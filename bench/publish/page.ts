import { conditionsText, factsTable, goalsTable, suiteTables } from './tables.js'
import type { PublishedResult } from './results.js'

/** `<!-- goals -->`, or the name of a suite and what is wanted of it: `<!-- labels tables -->`. */
const BLOCK = /<!-- (?<what>[a-z]+(?: [a-z]+)?) -->\n[^]*?<!-- end -->/g

/**
 * The page with every marked block filled in anew; what stands outside of the blocks is for people to write.
 *
 * @throws When a block asks for what nobody has measured or can make.
 */
export function filled(page: string, results: readonly PublishedResult[]): string {
  return page.replaceAll(
    BLOCK,
    (_, what: string) => `<!-- ${what} -->\n${content(what, results)}\n<!-- end -->`,
  )
}

function content(what: string, results: readonly PublishedResult[]): string {
  if (what === 'goals') return goalsTable(results)
  const [suite, part] = what.split(' ')
  const result = results.find((candidate) => candidate.suite === suite)
  if (result === undefined) return 'Not measured yet.'
  switch (part) {
    case 'conditions':
      return conditionsText(result)
    case 'tables':
      return suiteTables(result)
    case 'facts':
      return factsTable(result)
    default:
      throw new Error(`<!-- ${what} -->: there is no such block`)
  }
}
