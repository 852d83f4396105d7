// The table of settings in docs/configuration.md, out of the JSON Schema.

/** @typedef {import('json-schema-to-typescript').JSONSchema} JSONSchema */

/**
 * One row a setting; the settings of a nested mapping follow theirs as `outer.inner`.
 * @param {JSONSchema} schema
 * @returns {string}
 */
export function configTable(schema) {
  const head = ['| setting | type | default | meaning |', '|---|---|---|---|']
  return `${[...head, ...rows(schema, schema, '')].join('\n')}\n`
}

/**
 * @param {JSONSchema} root
 * @param {JSONSchema} mapping
 * @param {string} prefix
 * @returns {string[]}
 */
function rows(root, mapping, prefix) {
  const required = Array.isArray(mapping.required) ? mapping.required : []
  return Object.entries(mapping.properties ?? {}).flatMap(([name, setting]) => {
    const { text, byDefault } = meaning(setting.description ?? '')
    const cells = [
      `\`${prefix}${name}\``,
      typeOf(root, setting),
      required.includes(name) ? 'required' : byDefault,
      text,
    ]
    const row = `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
    return [row, ...nested(root, setting).flatMap((inner) => rows(root, inner, `${prefix}${name}.`))]
  })
}

/**
 * Doc comments end a setting's text with "Default: …."; the table has a column for it.
 * @param {string} description
 */
function meaning(description) {
  const flat = description.replaceAll(/\s+/g, ' ').trim()
  const found = /\s*Default: (.+?)\.(?= [A-Z]|$)/.exec(flat)
  if (found === null) return { text: flat, byDefault: '' }
  return { text: flat.replace(found[0], ''), byDefault: found[1] ?? '' }
}

/**
 * @param {JSONSchema} root
 * @param {JSONSchema} setting
 * @returns {JSONSchema}
 */
function resolved(root, setting) {
  if (typeof setting.$ref !== 'string') return setting
  const name = setting.$ref.split('/').at(-1) ?? ''
  const definition = (root['$defs'] ?? root.definitions ?? {})[name]
  if (definition === undefined) throw new Error(`the schema refers to ${setting.$ref}, which it lacks`)
  return definition
}

/**
 * @param {JSONSchema} root
 * @param {JSONSchema} setting
 * @returns {JSONSchema[]} the mappings that the setting may be
 */
function nested(root, setting) {
  const own = resolved(root, setting)
  return [own, ...(own.anyOf ?? []).map((choice) => resolved(root, choice))].filter(
    (choice) => choice.properties,
  )
}

/**
 * @param {JSONSchema} root
 * @param {JSONSchema} setting
 * @returns {string}
 */
function typeOf(root, setting) {
  const own = resolved(root, setting)
  const choices = own.anyOf ?? own.oneOf
  if (choices) return [...new Set(choices.map((choice) => typeOf(root, choice)))].join(' or ')
  if (own['const'] !== undefined) return `\`${plain(own['const'])}\``
  if (own.enum) return own.enum.map((value) => `\`${plain(value)}\``).join(', ')
  if (own.type === 'object') return 'mapping'
  if (own.type === 'integer') return `${own.minimum ?? '…'} to ${own.maximum ?? '…'}`
  return String(own.type)
}

/** @param {unknown} value */
function plain(value) {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
