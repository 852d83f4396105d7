/**
 * The attributes that a policy, in Cedar's JSON form, tests for with `has`, as dotted paths.
 *
 * Cedar takes a test for an attribute that no schema has for always false, and then validates nothing behind
 * it: a misspelt name makes a rule that never applies. Whoever reads these paths can tell.
 */
export function testedAttributes(policy: unknown): readonly string[] {
  const found: string[] = []
  const left: unknown[] = [policy]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next !== 'object' || next === null) continue
    const test = (next as { readonly has?: Access }).has
    const base = test === undefined ? undefined : pathOf(test.left)
    if (test !== undefined && base !== undefined) found.push([...base, ...[test.attr].flat()].join('.'))
    left.push(...Object.values(next))
  }
  return found
}

interface Access {
  readonly left: unknown
  readonly attr: string | readonly string[]
}

/** The path of an expression such as `context.arguments`; undefined for any other expression. */
function pathOf(expression: unknown): readonly string[] | undefined {
  if (typeof expression !== 'object' || expression === null) return undefined
  const { Var: variable, '.': access } = expression as { readonly Var?: string; readonly '.'?: Access }
  if (variable !== undefined) return [variable]
  if (access === undefined) return undefined
  const base = pathOf(access.left)
  return base === undefined ? undefined : [...base, ...[access.attr].flat()]
}
