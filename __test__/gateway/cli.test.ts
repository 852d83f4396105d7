import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closedGate } from './support/gate.js'
import { RawUpstream } from './support/raw-upstream.js'

const CLI = fileURLToPath(new URL('../../gateway/dist/cli.js', import.meta.url))
const TOKEN = 'alice-0123456789abcdef'

let directory: string
let upstream: RawUpstream

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'indelible-'))
  upstream = await RawUpstream.start()
})
afterAll(async () => {
  await rm(directory, { recursive: true })
  await upstream[Symbol.asyncDispose]()
})

interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(...args: string[]): Promise<Finished> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, TOKEN } }
    const child = execFile(process.execPath, [CLI, ...args], options, (_, stdout, stderr) => {
      resolve({ status: child.exitCode, stdout, stderr })
    })
  })
}

async function configFile(text: string): Promise<string> {
  const file = join(directory, `${crypto.randomUUID()}.yaml`)
  await writeFile(file, text)
  return file
}

const CONFIG = (url: string): string => `
listen: { port: 0 }
authentication: { tokens: [{ principal: alice, tokenEnv: TOKEN }] }
policy:
  text: permit (principal, action, resource);
upstreams:
  crm:
    url: ${url}
    tools: { count: {} }
`

/** Starts the command and waits until it listens. */
async function start(config: string) {
  const child = spawn(process.execPath, [CLI, '--config', await configFile(config)], {
    env: { ...process.env, TOKEN },
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return {
    child,
    exited,
    listening: JSON.parse(line) as { type: string; address: string },
    stderr: () => stderr,
  }
}

function call(address: string): Promise<Response> {
  return fetch(`${address}/mcp/crm`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'count' } }),
  })
}

describe('the command', () => {
  test('says on stdout where it listens, on stderr what alarms, and serves', async () => {
    upstream.reset()
    const { child, exited, listening, stderr } = await start(CONFIG(upstream.url))
    expect(listening).toEqual({
      type: 'listening',
      address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    })
    expect((await call(listening.address)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
    const alarms = stderr()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(alarms).toMatchObject([{ type: 'alarm', name: 'session_store_memory', kind: 'memory' }])
    expect(stderr()).not.toContain(TOKEN)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('lets a call under way finish after %s', async (signal) => {
    upstream.reset()
    const gate = closedGate()
    const arrived = closedGate()
    upstream.answer = (_, response) => {
      arrived.open()
      void gate.opened.then(() =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"late":true}'),
      )
    }
    const { child, exited, listening } = await start(CONFIG(upstream.url))
    const answer = call(listening.address)
    answer.catch(() => {}) // reported where it is awaited
    await arrived.opened
    child.kill(signal)
    await expect
      .poll(() =>
        fetch(listening.address).then(
          () => 'open',
          () => 'closed',
        ),
      )
      .toBe('closed')
    gate.open()
    expect(await (await answer).json()).toEqual({ late: true })
    expect(await exited).toEqual([0, null])
  })

  test('ends at once at a second signal', async () => {
    upstream.reset()
    const arrived = closedGate()
    upstream.answer = () => arrived.open() // never answers
    const { child, exited, listening } = await start(CONFIG(upstream.url))
    const answer = call(listening.address).catch((error: unknown) => error)
    await arrived.opened
    child.kill('SIGTERM')
    await expect
      .poll(() =>
        fetch(listening.address).then(
          () => 'open',
          () => 'closed',
        ),
      )
      .toBe('closed')
    child.kill('SIGTERM')
    expect(await exited).toEqual([null, 'SIGTERM'])
    expect(await answer).toBeInstanceOf(Error)
  })

  test('stops with status 1 at a configuration that cannot work, in one line', async () => {
    const file = await configFile(`${CONFIG(upstream.url)}store: { kind: redsi }\n`)
    const { status, stdout, stderr } = await run('--config', file)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^indelible-gateway: store.*redsi.*\n$/)
  })

  test.each([
    ['no configuration', []],
    ['an unknown option', ['--confg', 'x']],
    ['something else', ['x']],
  ])('stops with status 2 at wrong usage: %s', async (_, args) => {
    const { status, stdout, stderr } = await run(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('Usage: indelible-gateway --config FILE')
  })

  test('tells how it is used, and its version', async () => {
    expect(await run('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Usage: /),
      stderr: '',
    })
    expect(await run('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    })
  })
})
