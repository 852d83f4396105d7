import { InvalidArgument } from '../invalid-argument.js'
import { ILL_FORMED, utf8Length } from '../utf8.js'
import { JsonReader } from './json-reader.js'
import type { JsonField, JsonValue } from './json-reader.js'
import { MAX_POLICY_BYTES, isDecision, isEnforcementMode } from './policy-document.js'
import type { PolicyDocument, PolicyRule } from './policy-document.js'

const MAX_U32 = 2 ** 32 - 1
/** A whole number as serde reads one: no sign, fraction or exponent. */
const U32 = /^(?:0|[1-9]\d{0,9})$/

/**
 * The JSON text of a policy, as every node writes it: the fields in this order, the mode always present
 * (`docs/compatibility.md`, section 2).
 */
export function policyToJson({ version, name, rules, enforcementMode }: PolicyDocument): string {
  return JSON.stringify({
    version,
    name,
    rules: rules.map(({ actionPattern, decision }) => ({ action_pattern: actionPattern, decision })),
    enforcement_mode: enforcementMode,
  })
}

/** {@link policyToJson} of a policy that may be cached. */
export function cacheableJson(policy: PolicyDocument): string | InvalidArgument {
  const text = policyToJson(policy)
  if (!isTooLong(text)) return text
  return new InvalidArgument(
    `document: its JSON has more than ${MAX_POLICY_BYTES} bytes; pass a shorter policy`,
  )
}

/**
 * The policy that `text` holds, or `undefined` when it holds none. Unknown fields are ignored and a missing mode is
 * `enforce`. A field that stands twice makes the text undecodable: two readers must not see two policies. So does a
 * length above {@link MAX_POLICY_BYTES}, without a look into it.
 */
export function policyFromJson(text: string): PolicyDocument | undefined {
  if (isTooLong(text)) return undefined
  const fields = fieldsOf(new JsonReader(text).read())
  if (fields === undefined) return undefined
  const version = versionOf(only(fields, 'version'))
  const name = textOf(only(fields, 'name'))
  const rules = rulesOf(only(fields, 'rules'))
  const mode = fields.some(([key]) => key === 'enforcement_mode')
    ? textOf(only(fields, 'enforcement_mode'))
    : 'enforce'
  if (version === undefined || name === undefined || rules === undefined || !isEnforcementMode(mode)) {
    return undefined
  }
  return Object.freeze({ version, name, rules, enforcementMode: mode })
}

function isTooLong(text: string): boolean {
  return text.length > MAX_POLICY_BYTES || utf8Length(text) > MAX_POLICY_BYTES
}

function rulesOf(value: JsonValue | undefined): readonly PolicyRule[] | undefined {
  if (value?.kind !== 'array') return undefined
  const rules: PolicyRule[] = []
  for (const item of value.items) {
    const fields = fieldsOf(item)
    const actionPattern = fields && textOf(only(fields, 'action_pattern'))
    const decision = fields && textOf(only(fields, 'decision'))
    if (actionPattern === undefined || !isDecision(decision)) return undefined
    rules.push(Object.freeze({ actionPattern, decision }))
  }
  return Object.freeze(rules)
}

/** The value of a field that stands exactly once. */
function only(fields: readonly JsonField[], key: string): JsonValue | undefined {
  const values = fields.filter(([name]) => name === key)
  return values.length === 1 ? values[0]?.[1] : undefined
}

function fieldsOf(value: JsonValue | undefined): readonly JsonField[] | undefined {
  return value?.kind === 'object' ? value.fields : undefined
}

function versionOf(value: JsonValue | undefined): number | undefined {
  if (value?.kind !== 'scalar' || !U32.test(value.source)) return undefined
  const version = Number(value.source)
  return version <= MAX_U32 ? version : undefined
}

function textOf(value: JsonValue | undefined): string | undefined {
  if (value?.kind !== 'string' || utf8Length(value.text) === ILL_FORMED) return undefined
  return value.text
}
