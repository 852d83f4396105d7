import { z } from 'zod'
import type { LabelScope } from 'indelible/enforcement'

/** A label as configured. A bare string leaves its scope to the default, `session`. */
export type LabelConfig = string | { label: string; scope?: LabelScope | undefined }

/** A label that a result earns: when it holds a text anywhere, or a value at a JSON Pointer into `result`. */
export type ResultLabelConfig =
  | { label: string; scope?: LabelScope | undefined; contains: string }
  | { label: string; scope?: LabelScope | undefined; pointer: string; equals: string | number | boolean }

export interface ToolConfig {
  labels?: LabelConfig[] | undefined
  labelsFromResult?: ResultLabelConfig[] | undefined
}

export interface ResourceConfig extends ToolConfig {
  uri: string
}

export interface UpstreamConfig {
  url: string
  headers?: Record<string, string> | undefined
  timeoutMs?: number | undefined
  tools?: Record<string, ToolConfig> | undefined
  prompts?: Record<string, ToolConfig> | undefined
  resources?: ResourceConfig[] | undefined
}

export type TokenConfig = { principal: string; sha256: string } | { principal: string; tokenEnv: string }

/** The Cedar types that an argument may be given to the policy as. */
export type ArgumentType = 'String' | 'Long' | 'Boolean' | 'Set<String>'

export type PolicyConfig = { arguments?: Record<string, ArgumentType> | undefined } & (
  | { text: string }
  | { file: string }
)

export interface ListenConfig {
  host?: string | undefined
  port?: number | undefined
  allowedHosts?: string[] | undefined
  allowedOrigins?: string[] | undefined
}

/** The configuration of a gateway: what the file holds, before defaults. */
export interface GatewayConfig {
  listen?: ListenConfig | undefined
  authentication: { tokens: TokenConfig[] }
  session?: { header?: string | undefined; metaKey?: string | undefined } | undefined
  store?: unknown
  policy: PolicyConfig
  methods?: string[] | undefined
  upstreams: Record<string, UpstreamConfig>
}

const label = z
  .string()
  .refine((text) => isTextOf(text, 1, 256), {
    error: 'must be 1 to 256 bytes of well-formed text',
  })
  .meta({ description: 'A label: 1 to 256 bytes of UTF-8.' })
const scope = z.enum(['session', 'principal']).meta({
  description:
    'Whose set the label joins. `principal` follows the caller into every session. Default: session.',
})
const labels = z
  .array(z.union([label, z.strictObject({ label, scope: scope.optional() })]))
  .max(1000)
  .meta({
    description: 'Labels the session carries once the call is allowed. Written before the call is forwarded.',
  })

const resultLabels = z
  .array(
    z.union([
      z.strictObject({ label, scope: scope.optional(), contains: z.string().min(1) }),
      z.strictObject({
        label,
        scope: scope.optional(),
        pointer: z
          .string()
          .regex(/^(?:\/(?:[^~/]|~[01])*)+$/, 'must be a JSON Pointer such as /structuredContent/level'),
        equals: z.union([z.string(), z.number(), z.boolean()]),
      }),
    ]),
  )
  .min(1)
  .max(1000)
  .meta({ description: 'Labels known only from the result. The result is held until they are written.' })

const labelled = { labels: labels.optional(), labelsFromResult: resultLabels.optional() }
const listed = z.record(z.string().min(1).max(512), z.strictObject(labelled))

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be a header name')
  .max(128)
/** What the gateway or HTTP itself says about a request to an upstream. */
const OWN_HEADERS =
  /^(?:host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-.*|accept-encoding|last-event-id|mcp-.*)$/i
const addedHeaderName = headerName.refine((name) => !OWN_HEADERS.test(name), {
  error: 'is a header that the gateway or HTTP itself sets; leave it out',
})
const headerValue = z.string().regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII')

const upstream = z.strictObject({
  url: z
    .string()
    .refine(isUpstreamUrl, {
      error: 'must be an http or https URL without user, password, query or fragment',
    })
    .meta({ description: 'The MCP endpoint of the server, e.g. http://127.0.0.1:3000/mcp' }),
  headers: z
    .record(addedHeaderName, headerValue)
    .optional()
    .meta({ description: 'Headers added to every request.' }),
  timeoutMs: z.int().min(1).max(3_600_000).optional().meta({
    description: 'Milliseconds until the first byte of an answer. Default: 300000.',
  }),
  tools: listed
    .optional()
    .meta({ description: 'The tools that may be called. A tool not listed is refused.' }),
  prompts: listed
    .optional()
    .meta({ description: 'The prompts that may be fetched. A prompt not listed is refused.' }),
  resources: z
    .array(z.strictObject({ uri: z.string().min(1).max(2048), ...labelled }))
    .optional()
    .meta({ description: 'The resources that may be read: a URI, or a prefix that ends in `*`.' }),
})

const principal = z.string().refine((text) => isTextOf(text, 1, 256), {
  error: 'must be 1 to 256 bytes of well-formed text',
})
const token = z.union([
  z.strictObject({
    principal,
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
  }),
  z.strictObject({
    principal,
    tokenEnv: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must name a variable'),
  }),
])

const argumentTypes = z
  .record(z.string().min(1).max(256), z.enum(['String', 'Long', 'Boolean', 'Set<String>']))
  .meta({ description: 'Arguments that policies may read as context.arguments, with their Cedar types.' })
const policy = z.union([
  z.strictObject({ text: z.string().min(1), arguments: argumentTypes.optional() }),
  z.strictObject({ file: z.string().min(1), arguments: argumentTypes.optional() }),
])

/** The schema behind `gateway/schema/indelible-gateway.schema.json`. */
export const gatewayConfigSchema: z.ZodType<GatewayConfig> = z
  .strictObject({
    listen: z
      .strictObject({
        host: z.string().min(1).optional().meta({ description: 'Address to bind. Default: 127.0.0.1.' }),
        port: z
          .int()
          .min(0)
          .max(65_535)
          .optional()
          .meta({ description: 'Default: 8808. 0 picks a free port.' }),
        allowedHosts: z.array(z.string().min(1)).optional().meta({
          description:
            'Host names clients may address. Default: the loopback names; needed on any other address.',
        }),
        allowedOrigins: z.array(z.string().min(1)).optional().meta({
          description: 'Origins of web pages that may call, e.g. https://app.example. Default: none.',
        }),
      })
      .optional(),
    authentication: z.strictObject({ tokens: z.array(token).min(1).max(1000) }).meta({
      description: 'Bearer tokens, each by its SHA-256 or by the variable that holds it.',
    }),
    session: z
      .strictObject({
        header: headerName.optional().meta({ description: 'Request header that holds the session id.' }),
        metaKey: z.string().min(1).max(256).optional().meta({ description: '`_meta` key that holds it.' }),
      })
      .optional()
      .meta({ description: 'Where clients put the id of an agent session. It is bound to the principal.' }),
    store: z.unknown().optional().meta({
      description: 'The label store: `kind: memory` or `kind: valkey` with its settings. Default: memory.',
      type: 'object',
    }),
    policy: policy.meta({ description: 'Cedar policies, inline or in a file beside this one.' }),
    methods: z.array(z.string().min(1).max(128)).min(1).optional().meta({
      description: 'The methods that may pass, in place of the default list.',
    }),
    upstreams: z
      .record(
        z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'),
        upstream,
      )
      .refine((upstreams) => Object.keys(upstreams).length > 0, { error: 'must name at least one upstream' })
      .meta({ description: 'MCP servers by name; each is served at /mcp/<name>.' }),
  })
  .meta({ title: 'Configuration of indelible-gateway' })

function isUpstreamUrl(text: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return (url.protocol === 'http:' || url.protocol === 'https:') && plain && !/[?#]/.test(text)
}

/** Whether a text is well-formed and that many bytes of UTF-8 long. */
function isTextOf(text: string, low: number, high: number): boolean {
  const bytes = Buffer.byteLength(text)
  return bytes >= low && bytes <= high && !/\p{Surrogate}/u.test(text)
}
