import { InvalidArgument, kindOf } from './invalid-argument.js'
import { ILL_FORMED, utf8Length } from './utf8.js'

/** The longest label a call may write, in UTF-8 bytes. */
export const MAX_LABEL_BYTES = 256

/** The most labels one call may write, counted as they are given, duplicates included. */
export const MAX_LABELS_PER_CALL = 1000

/**
 * Why `label` cannot be written, or `undefined` when it can: 1 to {@link MAX_LABEL_BYTES} bytes of well-formed
 * text. Every character is allowed and kept byte for byte. Never throws; allocates only to tell a problem.
 */
export function labelProblem(label: unknown, field: string = 'label'): string | undefined {
  if (typeof label !== 'string') return `${field}: expected a label (a string), found ${kindOf(label)}`
  if (label === '') return `${field}: the label is empty; name at least one character`
  const bytes = label.length > MAX_LABEL_BYTES ? label.length : utf8Length(label)
  if (bytes === ILL_FORMED) {
    return `${field}: the label has a lone surrogate and therefore no UTF-8 form; pass well-formed text`
  }
  if (bytes > MAX_LABEL_BYTES) {
    return `${field}: the label is over ${MAX_LABEL_BYTES} UTF-8 bytes; use a shorter name`
  }
  return undefined
}

/**
 * Reads what a caller passed as labels into distinct ones, in the order given. The iterable is walked once, in
 * the caller's turn, and left as soon as it exceeds {@link MAX_LABELS_PER_CALL}: an endless one ends here.
 */
export function readLabels(labels: unknown): readonly string[] | InvalidArgument {
  if (typeof labels === 'string') {
    return new InvalidArgument('labels: found a string, whose characters would be the labels; pass [label]')
  }
  if (labels === null || typeof labels !== 'object') {
    return new InvalidArgument(`labels: expected an iterable of strings, found ${kindOf(labels)}`)
  }
  try {
    return readIterable(labels)
  } catch (cause) {
    return new InvalidArgument('labels: iterating them threw; pass an array or a Set of strings', cause)
  }
}

function readIterable(labels: object): readonly string[] | InvalidArgument {
  if (typeof (labels as Partial<Iterable<unknown>>)[Symbol.iterator] !== 'function') {
    return new InvalidArgument(`labels: expected an iterable of strings, found ${kindOf(labels)}`)
  }
  const distinct = new Set<string>()
  let count = 0
  for (const label of labels as Iterable<unknown>) {
    if (count === MAX_LABELS_PER_CALL) {
      return new InvalidArgument(`labels: more than ${MAX_LABELS_PER_CALL} in one call; split them`)
    }
    // The name of the field is made only where it is told.
    if (labelProblem(label) !== undefined) {
      return new InvalidArgument(labelProblem(label, `labels[${count}]`) as string)
    }
    distinct.add(label as string)
    count += 1
  }
  return [...distinct]
}
