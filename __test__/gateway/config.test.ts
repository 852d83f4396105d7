import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ConfigError } from 'indelible'
import { Gateway, parseConfig, readConfigFile } from 'indelible-gateway'
import { leakConfig, openTestGateway } from './support/test-gateway.js'

const gatewayDirectory = new URL('../../gateway/', import.meta.url)

const VALID = `
authentication:
  tokens:
    - { principal: alice, tokenEnv: ALICE }
policy: { text: 'permit (principal, action, resource);' }
upstreams:
  crm: { url: 'http://127.0.0.1:3000/mcp' }
`

const parse = (text: string, environment: Record<string, string> = {}) =>
  parseConfig(text, 'gateway.yaml', environment)

describe('a configuration that is wrong names the place, the setting and the remedy', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      'no YAML',
      'listen: [',
      'ERR_CONFIG_INVALID',
      'gateway.yaml:1:10: is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    [
      'a repeated key',
      `${VALID}upstreams: {}\n`,
      'ERR_CONFIG_INVALID',
      'gateway.yaml:8:1: is not valid YAML: Map keys must be unique',
    ],
    ['an empty file', '', 'ERR_CONFIG_INVALID', 'gateway.yaml:'],
    [
      'a list',
      '- a',
      'ERR_CONFIG_INVALID',
      'gateway.yaml:1:1: the configuration: Invalid input: expected object, received array',
    ],
    [
      'an unknown key',
      `${VALID}lisen: { port: 1 }\n`,
      'ERR_CONFIG_UNKNOWN_KEY',
      'gateway.yaml:8:8: lisen: no such setting; check its spelling and its place',
    ],
    ...['Host', 'Content-Length', 'transfer-encoding', 'Accept-Encoding', 'Mcp-Name'].map(
      (name) =>
        [
          `a header ${name} for an upstream`,
          VALID.replace(/(url: \S+)/, `$1, headers: { ${name}: x }`),
          'ERR_CONFIG_INVALID',
          `headers.${name}: is a header that the gateway or HTTP itself sets; leave it out`,
        ] as const,
    ),
    [
      'an upstream whose name is no name',
      VALID.replace('crm:', 'CRM:'),
      'ERR_CONFIG_INVALID',
      'upstreams.CRM: must be lower-case letters, digits and hyphens',
    ],
    [
      'an unknown key within',
      `${VALID}listen: { prot: 1 }\n`,
      'ERR_CONFIG_UNKNOWN_KEY',
      'gateway.yaml:8:17: listen.prot: no such setting',
    ],
    [
      'a port that is no number',
      `${VALID}listen: { port: '80' }\n`,
      'ERR_CONFIG_INVALID',
      'gateway.yaml:8:17: listen.port: Invalid input: expected number, received string',
    ],
    [
      'a port out of range',
      `${VALID}listen: { port: 70000 }\n`,
      'ERR_CONFIG_INVALID',
      'gateway.yaml:8:17: listen.port: ',
    ],
    ['no policy', VALID.replace(/policy:.*\n/, ''), 'ERR_CONFIG_INVALID', 'policy: '],
    [
      'no tokens',
      VALID.replace('    - { principal: alice, tokenEnv: ALICE }', '    []'),
      'ERR_CONFIG_INVALID',
      'gateway.yaml:4:5: authentication.tokens: ',
    ],
    [
      'a token that is no digest',
      VALID.replace('tokenEnv: ALICE', 'sha256: abc'),
      'ERR_CONFIG_INVALID',
      'authentication.tokens[0].sha256: must be 64 lower-case hexadecimal digits',
    ],
    [
      'a token written out',
      VALID.replace('tokenEnv: ALICE', 'token: very-secret-token'),
      'ERR_CONFIG_',
      'authentication.tokens[0]',
    ],
    ['an upstream name with blanks', VALID.replace('crm:', '"c r m":'), 'ERR_CONFIG_INVALID', 'upstreams'],
    [
      'an upstream without URL',
      VALID.replace(/\{ url.*\}/, '{}'),
      'ERR_CONFIG_INVALID',
      'gateway.yaml:7:8: upstreams.crm.url: ',
    ],
    [
      'an upstream URL with credentials',
      VALID.replace('127.0.0.1', 'user:secret@host'),
      'ERR_CONFIG_INVALID',
      'upstreams.crm.url: must be an http or https URL without user, password, query or fragment',
    ],
    [
      'an upstream URL of a file',
      VALID.replace('http://127.0.0.1:3000', 'file://'),
      'ERR_CONFIG_INVALID',
      'upstreams.crm.url: must be an http',
    ],
    [
      'no upstream',
      VALID.replace(/ {2}crm.*\n/, '').replace('upstreams:', 'upstreams: {}'),
      'ERR_CONFIG_INVALID',
      'upstreams: must name at least one upstream',
    ],
    [
      'an empty label',
      VALID.replace(/\/mcp' \}/, "/mcp', tools: { read: { labels: [''] } } }"),
      'ERR_CONFIG_INVALID',
      'gateway.yaml:7:70: upstreams.crm.tools.read.labels[0]: must be 1 to 256 bytes of well-formed text',
    ],
    [
      'an unknown scope',
      VALID.replace(/\/mcp' \}/, "/mcp', tools: { read: { labels: [{ label: a, scope: all }] } } }"),
      'ERR_CONFIG_INVALID',
      'upstreams.crm.tools.read.labels[0].scope: ',
    ],
    [
      'a misspelt label setting',
      VALID.replace(/\/mcp' \}/, "/mcp', tools: { read: { label: [a] } } }"),
      'ERR_CONFIG_UNKNOWN_KEY',
      'upstreams.crm.tools.read.label: no such setting',
    ],
    [
      'a pointer that is none',
      VALID.replace(
        /\/mcp' \}/,
        "/mcp', tools: { read: { labelsFromResult: [{ label: a, pointer: x, equals: 1 }] } } }",
      ),
      'ERR_CONFIG_INVALID',
      'labelsFromResult[0].pointer: must be a JSON Pointer',
    ],
    [
      'a variable bare in a flow mapping',
      `${VALID}listen: { port: \${PORT} }\n`,
      'ERR_CONFIG_INVALID',
      'quote ${NAME} inside { } and [ ]',
    ],
    [
      'a policy both inline and in a file',
      VALID.replace("resource);'", "resource);', file: a.cedar"),
      'ERR_CONFIG_',
      'policy',
    ],
    [
      'a variable that is not set',
      `${VALID}store: { kind: valkey, password: '\${NOT_SET}' }\n`,
      'ERR_CONFIG_UNSET_VARIABLE',
      'gateway.yaml:8:34: the variable NOT_SET is not set',
    ],
    [
      'braces without a variable',
      `${VALID}store: { kind: '\${a-b}' }\n`,
      'ERR_CONFIG_INVALID',
      'must hold a variable name',
    ],
  ]

  test.each(cases)('%s', (_, text, code, message) => {
    let error: unknown
    try {
      parse(text)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).code).toContain(code)
    expect((error as ConfigError).message).toContain(message)
    expect((error as ConfigError).message).not.toContain('secret')
  })

  test('a file that is not there', async () => {
    await expect(readConfigFile('/nowhere/gateway.yaml', {})).rejects.toMatchObject({
      code: 'ERR_CONFIG_UNREADABLE_FILE',
      message: '/nowhere/gateway.yaml: cannot be read (ENOENT)',
    })
  })
})

describe('what only opening can tell', () => {
  const url = 'http://127.0.0.1:3000/mcp'

  test.each([
    [
      'a token variable that is not set',
      { authentication: { tokens: [{ principal: 'a', tokenEnv: 'NOT_SET' }] } },
      'authentication.tokens[0].tokenEnv: the variable NOT_SET is not set',
    ],
    [
      'a token too short',
      { authentication: { tokens: [{ principal: 'alice', tokenEnv: 'SHORT' }] } },
      'at least 16 characters',
    ],
    [
      'one token for two',
      {
        authentication: {
          tokens: [
            { principal: 'alice', tokenEnv: 'ALICE' },
            { principal: 'bob', tokenEnv: 'ALICE' },
          ],
        },
      },
      'authentication.tokens[1]: repeats a token',
    ],
    [
      'a public address without names',
      { listen: { host: '0.0.0.0', port: 0 } },
      'listen.allowedHosts: is needed',
    ],
    [
      'an address that is not ours',
      { listen: { host: '192.0.2.1', port: 0, allowedHosts: ['a'] } },
      'listen: cannot listen on port 0 of 192.0.2.1 (EADDRNOTAVAIL)',
    ],
    ['a policy file that is not there', { policy: { file: 'nowhere.cedar' } }, 'policy.file: cannot be read'],
    [
      'a policy that names what is not there',
      { policy: { text: 'permit (principal, action, resource == Tool::"x");' } },
      'policy: ',
    ],
    ['an unknown kind of store', { store: { kind: 'redsi' } }, 'redsi'],
    ['a store without kind', { store: { endpoint: 'x' } }, 'store'],
    ['a store that is null', { store: null }, 'store'],
    ['an unknown key of the store', { store: { kind: 'memory', ttl: 1 } }, 'store.ttl'],
  ])('%s', async (_, change, message) => {
    const environment = { ALICE: 'alice-0123456789abcdef', BOB: 'bob-0123456789abcdef', SHORT: 'short' }
    const opened = Gateway.open(leakConfig(url, change), { environment })
    await expect(opened).rejects.toBeInstanceOf(ConfigError)
    await expect(opened).rejects.toThrow(message)
  })

  test('a policy file stands beside the configuration', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'indelible-'))
    await writeFile(join(directory, 'policy.cedar'), 'permit (principal, action, resource);')
    const gateway = await openTestGateway(leakConfig(url, { policy: { file: 'policy.cedar' } }), {
      directory,
    })
    expect(gateway.address).toMatch(/^http:/)
    await gateway.close()
    await rm(directory, { recursive: true })
  })
})

describe('variables', () => {
  const url = (text: string, environment: Record<string, string> = {}) =>
    parse(VALID.replace("'http://127.0.0.1:3000/mcp'", text), environment).upstreams['crm']?.url

  test('are put into values, also into part of one', () => {
    expect(url("'http://${HOST}:${PORT}/mcp'", { HOST: 'h', PORT: '1' })).toBe('http://h:1/mcp')
  })

  test('cannot add structure', () => {
    expect(() => url("'${INJECTED}'", { INJECTED: 'http://h/ }\nmethods: [x]' })).toThrow('upstreams.crm.url')
  })

  test('give a number where the whole plain value is one, and text within quotes', () => {
    const port = (text: string) => parse(`${VALID}listen:\n  port: ${text}\n`, { PORT: '8080' }).listen?.port
    expect(port('${PORT}')).toBe(8080)
    expect(() => port("'${PORT}'")).toThrow('expected number, received string')
  })

  test('are left alone where the dollar is doubled', () => {
    const text = VALID.replace('permit (', () => '@message("$${HOME}") permit (')
    expect(parse(text).policy).toEqual({ text: '@message("${HOME}") permit (principal, action, resource);' })
  })
})

describe('what is published', () => {
  test('the schema is the one of the code', async () => {
    const script = fileURLToPath(new URL('dist/config/print-schema.js', gatewayDirectory))
    const { stdout } = await promisify(execFile)(process.execPath, [script])
    expect(await readFile(new URL('schema/indelible-gateway.schema.json', gatewayDirectory), 'utf8')).toBe(
      stdout,
    )
  })

  test('the example starts', async () => {
    const file = fileURLToPath(new URL('indelible-gateway.example.yaml', gatewayDirectory))
    const { config, directory } = await readConfigFile(file, {})
    const gateway = await Gateway.open(
      { ...config, listen: { port: 0 } },
      { directory, environment: { ALICE_TOKEN: '0123456789abcdef' } },
    )
    expect(gateway.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    await gateway.close()
  })
})
