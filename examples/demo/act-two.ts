import { randomUUID } from 'node:crypto'

import { startServer } from '../../scripts/test-server.mjs'
import type { Agent } from './agent.js'
import {
  expectAnswered,
  expectFile,
  expectNoFile,
  expectRefused,
  expectUnavailable,
  untilAvailable,
} from './expectation.js'
import { GatewayPair, type AgentPair } from './gateway-pair.js'
import { customersIn, type Stage } from './stage.js'
import type { Transcript } from './transcript.js'

const LEAK = 'what the customers told us in confidence\n'
const REPORT = 'a report without customer data\n'

/**
 * Two gateways that share a server: the label crosses processes and outlives them, and without the server nothing passes.
 *
 * @throws NoServerError when no server can be found or fetched.
 */
export async function actTwo(stage: Stage, transcript: Transcript): Promise<void> {
  await using server = await startServer({ config: { appendonly: 'yes' } })
  const storeLine = `store: { kind: valkey, endpoint: '${server.url}', ttlSeconds: 3600 }`
  transcript.act(
    `Act 2: gateways A and B, labels in ${server.kind} ${server.version}`,
    'The configuration is that of act 1 with this line:',
    `  ${storeLine}`,
  )
  const session = randomUUID()
  const leak = stage.path('leak-2.txt')
  const writeLeak = { path: leak, content: LEAK }

  {
    await using nodes = await GatewayPair.start(stage, storeLine)
    await using agents = nodes.agents(session)
    await transcript.step('through A the agent reads the customers', async () => {
      const text = expectAnswered(
        await agents.a.call('customers', 'get-customer-data', { segment: 'Enterprise' }),
      )
      return `allowed, ${customersIn(text).length} customers`
    })
    await transcript.step('through B it writes leak-2.txt', async () => {
      const refusal = expectRefused(await agents.b.call('files', 'write_file', writeLeak))
      return `${refusal}, ${expectNoFile(leak)}`
    })
    await transcript.step('both gateways are killed', async () => {
      await nodes.crash()
      return 'SIGKILL'
    })
  }

  await using nodes = await GatewayPair.start(stage, storeLine)
  await using agents = nodes.agents(session)
  await transcript.step('after a new start it tries again', () => refusedOnBoth(agents, writeLeak))
  await transcript.step('the file is still not there', () => expectNoFile(leak))

  await transcript.step('the server is stopped', async () => {
    await server.stop()
    return 'SIGTERM'
  })
  for (const [upstream, tool, args] of [
    ['customers', 'get-customer-data', { segment: 'Enterprise' }],
    ['files', 'list_directory', { path: stage.workspace }],
    ['files', 'write_file', writeLeak],
  ] as const) {
    await transcript.step(`${tool} without the server`, async () => {
      const onA = expectUnavailable(await agents.a.call(upstream, tool, args))
      const onB = expectUnavailable(await agents.b.call(upstream, tool, args))
      return `A: ${onA}; B: ${onB}`
    })
  }
  await transcript.step('both gateways raise the alarm', async () => {
    await nodes.alarm('session_store_failure')
    return 'session_store_failure'
  })

  await transcript.step('the server is started again', async () => {
    await server.restart()
    return 'on the same port, from its append-only file'
  })
  await transcript.step('list_directory works again', async () => {
    const list = (agent: Agent) =>
      untilAvailable(() => agent.call('files', 'list_directory', { path: stage.workspace }))
    expectAnswered(await list(agents.a))
    expectAnswered(await list(agents.b))
    return 'allowed on A and B'
  })
  await transcript.step('the session is still labelled', () => refusedOnBoth(agents, writeLeak))
  await transcript.step('the file was never there', () => expectNoFile(leak))

  await using fresh = nodes.agents(randomUUID())
  await transcript.step('another session, without customer data, writes report.txt', async () => {
    const report = stage.path('report.txt')
    expectAnswered(await fresh.b.call('files', 'write_file', { path: report, content: REPORT }))
    return `allowed, ${await expectFile(report, REPORT)}`
  })
}

async function refusedOnBoth(
  agents: AgentPair,
  writeLeak: Readonly<Record<string, string>>,
): Promise<string> {
  const onA = expectRefused(await agents.a.call('files', 'write_file', writeLeak))
  expectRefused(await agents.b.call('files', 'write_file', writeLeak))
  return `A and B: ${onA}`
}
