/** What a reader of caller input answers instead of the value: why it is refused and what to do about it. */
export class InvalidArgument {
  /** Names the field, the kind of value found and the remedy; never the value itself. */
  readonly detail: string
  /** What the caller's own iterator or getter threw, if that is why. */
  readonly cause: unknown

  constructor(detail: string, cause?: unknown) {
    this.detail = detail
    this.cause = cause
  }
}

/** The kind of a value in words, for messages that must not show the value: "null", "an array", "a number", ... */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'undefined'
  if (isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** `Array.isArray` that answers for a revoked proxy too, instead of throwing. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}
