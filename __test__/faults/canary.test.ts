// A secret, a session id and a label as canaries: through every fault, none of them may be heard outside of the call
// that it was given to. Errors, events and everything that the process prints are searched.

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { type Fault, FaultProxy } from '../support/fault-proxy.js'
import { type RespClient, connect } from '../support/resp.js'
import { ScriptedServer, reply } from '../support/scripted-server.js'
import { startServer } from '../support/servers.js'
import { keyOf } from '../valkey/support/store.js'

const PROGRAM = fileURLToPath(new URL('support/canary-process.mjs', import.meta.url))

/** What must not be heard, in a form that no escaping changes. */
interface Canaries {
  readonly secret: string
  readonly session: string
  readonly label: string
}

const canary = (): string => `canary${randomUUID().replaceAll('-', '')}`

/** Runs the program against `url`, and answers everything that could be heard of it. */
async function overheard(url: string, canaries: Canaries): Promise<string> {
  const { secret, session, label } = canaries
  const config = {
    kind: 'valkey',
    endpoint: url,
    username: 'app',
    password: secret,
    ttlSeconds: 600,
    connectTimeoutMs: 250,
    commandTimeoutMs: 300,
  }
  const child = spawn(process.execPath, [PROGRAM], {
    env: { ...process.env, CANARY: JSON.stringify({ config, session, label }) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 25_000,
    killSignal: 'SIGKILL',
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const heard = stdout + stderr
  expect(heard).toContain('ERR_STORE_CLOSED') // it had something to tell
  expect(heard).toContain('ERR_CONFIG_')
  expect(heard).toContain('DONE') // and ran to its end
  return heard
}

/** Which of the canaries were heard, in whatever form. */
function betrayed(heard: string, canaries: Canaries): string[] {
  const forms = (value: string): string[] => [value, Buffer.from(value).toString('base64').slice(0, 20)]
  const isHeard = ([, value]: [string, string]): boolean => forms(value).some((form) => heard.includes(form))
  return Object.entries(canaries)
    .filter(isHeard)
    .map(([kind]) => kind)
}

const USER = ['~*', '&*', '+@all']

type State = (admin: RespClient, canaries: Canaries) => Promise<unknown>

test.each<readonly [string, State]>([
  ['all is well', async () => undefined],
  ['the password is another', (admin) => admin.send('ACL', 'SETUSER', 'app', 'resetpass', '>another')],
  ['there is no such user', (admin) => admin.send('ACL', 'DELUSER', 'app')],
  ['nothing is permitted', (admin) => admin.send('ACL', 'SETUSER', 'app', '-@all')],
  ['reads are not permitted', (admin) => admin.send('ACL', 'SETUSER', 'app', '-smembers')],
  ['refreshes are not permitted', (admin) => admin.send('ACL', 'SETUSER', 'app', '-expire')],
  ['the value is foreign', (admin, { session, label }) => admin.send('SET', keyOf(session), label)],
  [
    'a member is not UTF-8',
    (admin, { session, label }) =>
      admin.send('SADD', keyOf(session), Buffer.concat([Buffer.from(label), Buffer.from([0xff])])),
  ],
  [
    'the generation is foreign',
    (admin, { label }) => admin.send('SET', 'taint:v1:generation', `v1 ${label}`),
  ],
  ['the server is full', (admin) => admin.send('CONFIG', 'SET', 'maxmemory', '1')],
  ['the server evicts', (admin) => admin.send('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')],
  ['the server is a replica', (admin) => admin.send('REPLICAOF', '127.0.0.1', '1')],
  ['replicas are missing', (admin) => admin.send('CONFIG', 'SET', 'min-replicas-to-write', '1')],
])('nothing is heard when %s', async (_, bring) => {
  const canaries: Canaries = { secret: canary(), session: canary(), label: canary() }
  await using server = await startServer()
  await using admin = await connect(server.port)
  await admin.send('ACL', 'SETUSER', 'app', 'on', `>${canaries.secret}`, ...USER)
  await bring(admin, canaries)
  expect(betrayed(await overheard(server.url, canaries), canaries)).toEqual([])
})

test.each<Fault>([
  { kind: 'refuse' },
  { kind: 'reset' },
  { kind: 'hang' },
  { kind: 'blackHole' },
  { kind: 'cut', afterBytes: 30, direction: 'toClient' },
])('nothing is heard through a network that does %j', async (fault) => {
  const canaries: Canaries = { secret: canary(), session: canary(), label: canary() }
  await using server = await startServer()
  await using proxy = await FaultProxy.open(server.port)
  await proxy.inject(fault)
  expect(betrayed(await overheard(proxy.url, canaries), canaries)).toEqual([])
})

test.each(['ERR', 'WRONGPASS', 'NOPERM', 'OOM', 'READONLY', ''])(
  'nothing is heard of a server that repeats all it was told in an error (%s)',
  async (code) => {
    const canaries: Canaries = { secret: canary(), session: canary(), label: canary() }
    const tell = (command: readonly string[]): string =>
      reply.error(
        `${code} ${Object.values(canaries).join(' ')} ${command.join(' ')}`.replaceAll(/[\r\n]/g, ' '),
      )
    await using server = await ScriptedServer.open(tell)
    expect(betrayed(await overheard(server.url, canaries), canaries)).toEqual([])
  },
)
