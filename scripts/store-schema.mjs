// From the schema that Rust prints to the one that is published.

/** @typedef {import('json-schema-to-typescript').JSONSchema} JSONSchema */

/**
 * The schemas of the drivers as users should see them: without `null` (an optional key is left out, never null), what is
 * required first, and types by their names outside of Rust.
 * @param {string} printed   what the Rust example prints
 * @returns {{ readonly labels: JSONSchema, readonly storage: JSONSchema }}
 */
export function published(printed) {
  const schemas = strip(JSON.parse(printed.replaceAll(/\bRaw(?=[A-Z]\w+")/g, '')))
  const [labels, storage] = /** @type {[JSONSchema, JSONSchema]} */ (schemas)
  return { labels, storage }
}

/**
 * @param {unknown} node
 * @returns {unknown}
 */
function strip(node) {
  if (Array.isArray(node)) return node.map(strip)
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node)
    .filter(([key, value]) => !(key === 'default' && value === null))
    .map(([key, value]) => [key, key === 'type' ? withoutNullType(value) : strip(value)])
  const stripped = Object.fromEntries(entries)
  if (stripped.properties && stripped.required) stripped.properties = requiredFirst(stripped)
  if (!Array.isArray(stripped.anyOf)) return stripped
  const { anyOf, ...rest } = stripped
  const kept = anyOf.filter((/** @type {JSONSchema} */ choice) => choice.type !== 'null')
  return kept.length === 1 ? { ...kept[0], ...rest } : { ...rest, anyOf: kept }
}

/** @param {{ properties: Record<string, unknown>, required: readonly string[] }} schema */
function requiredFirst({ properties, required }) {
  return { ...Object.fromEntries(required.map((name) => [name, properties[name]])), ...properties }
}

/** @param {unknown} type */
function withoutNullType(type) {
  if (!Array.isArray(type)) return type
  const kept = type.filter((name) => name !== 'null')
  return kept.length === 1 ? kept[0] : kept
}

/**
 * The schema of a whole store block: any of the built-in kinds.
 * @param {JSONSchema} valkey
 */
export function storeSchema({ $defs, definitions, ...valkey }) {
  const { $schema, ...own } = valkey
  return {
    $schema,
    title: 'indelible session store',
    description: 'The store block. Left out altogether, labels are kept in memory.',
    oneOf: [
      {
        title: 'MemorySessionStoreConfig',
        description: 'Labels in the memory of this process: gone with it, seen by no other node.',
        type: 'object',
        properties: { kind: { const: 'memory' } },
        required: ['kind'],
        additionalProperties: false,
      },
      own,
    ],
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
  }
}
